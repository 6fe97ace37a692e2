// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/iishunt/iishunt/internal/attr"
)

// The parts of an OTLP/JSON log export that a detection uses. Field names are
// OTLP's; 64-bit integers are strings there.
type (
	exportRequest struct {
		ResourceLogs []struct {
			ScopeLogs []struct {
				LogRecords []logRecord `json:"logRecords"`
			} `json:"scopeLogs"`
		} `json:"resourceLogs"`
	}
	logRecord struct {
		EventName    string     `json:"eventName"`
		SeverityText string     `json:"severityText"`
		Body         anyValue   `json:"body"`
		Attributes   []keyValue `json:"attributes"`
	}
	keyValue struct {
		Key   string   `json:"key"`
		Value anyValue `json:"value"`
	}
	anyValue struct {
		String *string      `json:"stringValue"`
		Int    *json.Number `json:"intValue"`
		Bool   *bool        `json:"boolValue"`
		Array  *struct {
			Values []anyValue `json:"values"`
		} `json:"arrayValue"`
		Map *struct {
			Values []keyValue `json:"values"`
		} `json:"kvlistValue"`
	}
)

// detection is a log record of rare_client.
type detection struct {
	sentence string
	severity string
	attrs    map[string]anyValue
}

// decodeDetections returns the detections of an OTLP/JSON export.
func decodeDetections(body []byte) ([]detection, error) {
	var req exportRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return nil, fmt.Errorf("not an OTLP/JSON export: %w", err)
	}
	var out []detection
	for _, rl := range req.ResourceLogs {
		for _, sl := range rl.ScopeLogs {
			for _, lr := range sl.LogRecords {
				if lr.EventName == attr.EventRareClient {
					out = append(out, detection{lr.Body.text(), lr.SeverityText, toMap(lr.Attributes)})
				}
			}
		}
	}
	return out, nil
}

func toMap(list []keyValue) map[string]anyValue {
	m := make(map[string]anyValue, len(list))
	for _, kv := range list {
		m[kv.Key] = kv.Value
	}
	return m
}

// text is a scalar as a person writes it; "" for what is absent.
func (v anyValue) text() string {
	switch {
	case v.String != nil:
		return *v.String
	case v.Int != nil:
		return v.Int.String()
	case v.Bool != nil:
		return strconv.FormatBool(*v.Bool)
	}
	return ""
}

func (v anyValue) texts() []string {
	out := []string{}
	if v.Array != nil {
		for _, e := range v.Array.Values {
			out = append(out, e.text())
		}
	}
	return out
}

// maps is a list of maps, such as detection.evidence.
func (v anyValue) maps() []map[string]anyValue {
	var out []map[string]anyValue
	if v.Array != nil {
		for _, e := range v.Array.Values {
			if e.Map != nil {
				out = append(out, toMap(e.Map.Values))
			}
		}
	}
	return out
}

func (d detection) text(key string) string    { return d.attrs[key].text() }
func (d detection) texts(key string) []string { return d.attrs[key].texts() }
func (d detection) complete() bool            { return d.text(attr.DetectionComplete) == "true" }
