// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.yaml.in/yaml/v3"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/detection"
	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/traffic"
	"github.com/iishunt/iishunt/processor/rareclientprocessor"
)

const (
	huntConfig  = "config/hunt.yaml"
	batch       = 1000
	maxFindings = 100_000
)

// hunter hunts as config/hunt.yaml does, from records on: reading lines is
// measured elsewhere.
type hunter struct {
	factory processor.Factory
	config  component.Config
}

func newHunter() (*hunter, error) {
	raw, err := os.ReadFile(huntConfig)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Processors map[string]map[string]any `yaml:"processors"`
	}
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	h := &hunter{factory: rareclientprocessor.NewFactory()}
	h.config = h.factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(doc.Processors["rare_client"]).Unmarshal(h.config); err != nil {
		return nil, err
	}
	return h, confmap.Validate(h.config)
}

// hunt returns the report on the lines.
func (h *hunter) hunt(lines []traffic.Request) (*report.Document, error) {
	ctx := context.Background()
	sink := new(consumertest.LogsSink)
	p, err := h.factory.CreateLogs(ctx, processortest.NewNopSettings(h.factory.Type()), h.config, sink)
	if err != nil {
		return nil, err
	}
	if err := p.Start(ctx, componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	for len(lines) > 0 {
		n := min(batch, len(lines))
		if err := p.ConsumeLogs(ctx, records(lines[:n])); err != nil {
			return nil, err
		}
		lines = lines[n:]
	}
	if err := p.Shutdown(ctx); err != nil {
		return nil, err
	}
	store := report.NewStore(maxFindings)
	for _, ld := range sink.AllLogs() {
		for lr := range detection.Records(ld) {
			if detection.EventOf(lr) == detection.Silent {
				continue
			}
			d, ok := detection.Read(lr)
			if !ok {
				return nil, errors.New("a record that is no detection")
			}
			store.Add(d)
		}
	}
	doc := store.Document("", "", time.Now())
	if missing := doc.Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("incomplete: %s", strings.Join(missing, "; "))
	}
	return doc, nil
}

// records are the lines as iis_log writes them.
func records(lines []traffic.Request) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr(attr.IISSite, "W3SVC1")
	all := rl.ScopeLogs().AppendEmpty().LogRecords()
	all.EnsureCapacity(len(lines))
	for i := range lines {
		r := &lines[i]
		lr := all.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(r.At))
		m := lr.Attributes()
		for _, kv := range [...][2]string{
			{attr.LogFileName, "u_ex.log"},
			{attr.URLPath, r.Stem},
			{attr.URLQuery, r.Query},
			{attr.ClientAddress, r.Client},
			{attr.NetworkLocalAddress, r.Server},
			{attr.ServerAddress, r.Host},
			{attr.UserName, r.User},
			{attr.UserAgentOriginal, strings.ReplaceAll(r.Agent, "+", " ")},
		} {
			if kv[1] != "" {
				m.PutStr(kv[0], kv[1])
			}
		}
		m.PutStr(attr.HTTPRequestMethod, r.Method)
		m.PutInt(attr.HTTPResponseStatusCode, int64(r.Status))
		m.PutInt(attr.HTTPResponseSize, int64(r.SentBytes))
		if r.Referer != "" {
			m.PutEmptySlice(attr.HTTPRequestHeaderReferer).AppendEmpty().SetStr(r.Referer)
		}
	}
	return ld
}
