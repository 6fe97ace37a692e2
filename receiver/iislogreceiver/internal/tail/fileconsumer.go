// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer/attrs"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer/matcher"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// This file holds every use of contrib's stanza packages, so that a newer
// version of them costs an edit here and nowhere else.

// Config is fileconsumer's configuration: what to read and how. Its keys
// are those that the file_log receiver has.
type Config = fileconsumer.Config

type (
	// persister is where fileconsumer keeps its checkpoints.
	persister = operator.Persister
	// fileManager is the running fileconsumer.
	fileManager = fileconsumer.Manager
	// emitFunc gets the tokens of one file. The offsets are where each token
	// begins, one more than there are tokens. The attributes are the live map
	// that is saved with the file's offset.
	emitFunc = func(ctx context.Context, tokens [][]byte, attributes map[string]any, lastRecord int64, offsets []int64) error
)

const (
	AttrFileName = attrs.LogFileName
	AttrFilePath = attrs.LogFilePath
	AttrOffset   = attrs.LogFileRecordOffset

	// checkpointKey is what fileconsumer saves its offsets under.
	checkpointKey = "knownFiles"
	// archiveKey is what it saves the next place of its archive under, at the
	// end of each poll.
	archiveKey = "knownFilesArchiveIndex"
)

// DefaultConfig changes fileconsumer's defaults where IIS needs it.
func DefaultConfig() Config {
	c := *fileconsumer.NewConfig()
	// Every poll opens every matching file, and IIS never deletes any.
	c.PollInterval = time.Second
	// Headers of sites that were rolled in the same second are equal for up to
	// 400 bytes, and files with an equal beginning count as one.
	c.FingerprintSize = 4096
	// One read of a file is one chunk of lines.
	c.InitialBufferSize = 64 << 10
	// Half as many are read at a time, and each holds up to 100 chunks.
	c.MaxConcurrentFiles = 16
	// Long enough for HTTP.sys to complete a line that it wrote half of.
	c.FlushPeriod = 5 * time.Minute
	// Rather a line twice than one that is never read.
	c.OnTruncate = fileconsumer.OnTruncateReadWholeFile
	// Line endings tell whole lines from pieces.
	c.TrimConfig.PreserveLeading = true
	c.TrimConfig.PreserveTrailing = true
	return c
}

// buildManager makes the fileconsumer that calls emit. The configuration is
// the user's; what this receiver does itself is switched off in it.
func buildManager(c Config, set component.TelemetrySettings, emit emitFunc, ends tails) (*fileManager, error) {
	split, err := splitFor(&c, ends)
	if err != nil {
		return nil, err
	}
	if IsUTF8(c.Encoding) {
		// Chunks pass through unchanged; bytes that are not UTF-8 are repaired
		// value by value.
		c.Encoding = "utf-8-raw"
	}
	if c.Compression != "" {
		// fileconsumer compares the place in the content with the size of the
		// archive, and would take each file that was compressed for cut off.
		c.OnTruncate = fileconsumer.OnTruncateIgnore
	}
	c.IncludeFilePath = true
	c.FlushPeriod = 0
	return c.Build(set, emit, fileconsumer.WithSplitFunc(split))
}

// splitFor returns the split function for the configured encoding.
func splitFor(c *Config, ends tails) (bufio.SplitFunc, error) {
	if IsUTF8(c.Encoding) {
		return splitChunks(int(c.MaxLogSize), ends), nil
	}
	enc, err := LookupEncoding(c.Encoding)
	if err != nil {
		return nil, err
	}
	newline, err := enc.NewEncoder().Bytes([]byte{'\n'})
	if err != nil || len(newline) == 0 {
		return nil, fmt.Errorf("encoding %q has no newline", c.Encoding)
	}
	return splitLines(newline, int(c.MaxLogSize), ends), nil
}

// IsUTF8 tells whether the newline of an encoding is the plain byte and the
// bytes can be used as they are.
func IsUTF8(name string) bool {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8", "ascii", "us-ascii":
		return true
	}
	return IsRaw(name)
}

// IsRaw tells whether bytes that are not UTF-8 are to be passed on.
func IsRaw(name string) bool {
	switch strings.ToLower(name) {
	case "utf-8-raw", "utf8-raw", "nop":
		return true
	}
	return false
}

// LookupEncoding finds an encoding by the names that fileconsumer accepts.
func LookupEncoding(name string) (encoding.Encoding, error) {
	switch strings.ToLower(name) {
	case "utf-16", "utf16":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	}
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil || enc == nil {
		return nil, fmt.Errorf("encoding %q is not known; use an IANA name such as utf-8, utf-16le or windows-1252", name)
	}
	return enc, nil
}

// CheckConfig says what fileconsumer itself has against a configuration.
func CheckConfig(c Config) error {
	for _, l := range []struct {
		key      string
		patterns []string
	}{{"include", c.Include}, {"exclude", c.Exclude}} {
		for _, p := range l.patterns {
			// One by one, so that the message can name the pattern.
			if _, err := matcher.New(matcher.Criteria{Include: []string{p}}); err != nil {
				return fmt.Errorf("%s has %q, which is no file pattern (%w); use *, **, ?, [a-z] and {a,b}", l.key, p, err)
			}
		}
	}
	nop := func(context.Context, [][]byte, map[string]any, int64, []int64) error { return nil }
	set := component.TelemetrySettings{Logger: zap.NewNop(), MeterProvider: noop.NewMeterProvider()}
	_, err := buildManager(c, set, nop, tails{})
	return err
}

// MatchingFiles lists the files that the configuration finds now.
func MatchingFiles(c *Config) ([]string, error) {
	m, err := matcher.New(c.Criteria)
	if err != nil {
		return nil, err
	}
	return m.MatchFiles()
}
