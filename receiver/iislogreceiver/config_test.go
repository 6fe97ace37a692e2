// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/iishunt/iishunt/internal/rule"
)

// load reads a configuration as the Collector does.
func load(t *testing.T, conf map[string]any) (*Config, error) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(conf).Unmarshal(cfg); err != nil {
		return cfg, err
	}
	return cfg, errors.Join(cfg.Validate(), cfg.RetryOnFailure.Validate())
}

func TestDefaults(t *testing.T) {
	cfg, err := load(t, map[string]any{"include": []any{"*.log"}})
	require.NoError(t, err)
	require.Equal(t, "end", cfg.StartAt)
	require.Equal(t, time.Second, cfg.PollInterval)
	require.EqualValues(t, 4096, cfg.FingerprintSize)
	require.EqualValues(t, 64<<10, cfg.InitialBufferSize)
	require.EqualValues(t, 1<<20, cfg.MaxLogSize)
	require.Equal(t, 5*time.Minute, cfg.FlushPeriod)
	require.Equal(t, 16, cfg.MaxConcurrentFiles)
	require.Zero(t, cfg.PollsToArchive)
	require.Equal(t, []string{"cs(Cookie)"}, cfg.Fields.Exclude)
	require.True(t, cfg.RetryOnFailure.Enabled)
	require.Zero(t, cfg.RetryOnFailure.MaxElapsedTime)
}

func TestEveryKeyIsRead(t *testing.T) {
	cfg, err := load(t, map[string]any{
		"include":          []any{`C:\inetpub\logs\LogFiles\W3SVC*\*.log`},
		"exclude":          []any{`C:\inetpub\logs\LogFiles\W3SVC9\*.log`},
		"storage":          "file_storage/iis",
		"start_at":         "beginning",
		"max_log_size":     "2MiB",
		"retry_on_failure": map[string]any{"max_elapsed_time": "10m"},
		"fields":           map[string]any{"exclude": []any{}, "include": []any{"c-ip"}},
		"decode_plus":      false,
		"body":             "none",
		"on_error":         "drop",
		"default_fields":   "date time c-ip",
	})
	require.NoError(t, err)
	id := component.MustNewIDWithName("file_storage", "iis")
	require.Equal(t, &id, cfg.StorageID)
	require.Equal(t, 600, cfg.PollsToArchive)
	require.EqualValues(t, 2<<20, cfg.MaxLogSize)
	require.Equal(t, 10*time.Minute, cfg.RetryOnFailure.MaxElapsedTime)
	require.Equal(t, time.Second, cfg.RetryOnFailure.InitialInterval)
	require.Empty(t, cfg.Fields.Exclude)
	require.Equal(t, []string{"c-ip"}, cfg.Fields.Include)
	require.False(t, cfg.DecodePlus)
	require.Equal(t, "none drop date time c-ip", cfg.Body+" "+cfg.OnError+" "+cfg.DefaultFields)

	cfg, err = load(t, map[string]any{"include": []any{"*.log"}, "storage": "file_storage", "polls_to_archive": 0})
	require.NoError(t, err)
	require.Zero(t, cfg.PollsToArchive, "what the user said counts")
}

func TestMatchHasTheRulesDefaults(t *testing.T) {
	whole := rule.DefaultConfig().Match
	for name, c := range map[string]struct {
		conf any
		want func(*rule.MatchConfig)
	}{
		"empty block":    {map[string]any{}, func(*rule.MatchConfig) {}},
		"no value":       {nil, func(*rule.MatchConfig) {}},
		"one key":        {map[string]any{"private_servers": "include"}, func(m *rule.MatchConfig) { m.PrivateServers = rule.Include }},
		"shorter list":   {map[string]any{"extensions": []any{".aspx"}}, func(m *rule.MatchConfig) { m.Extensions = []string{".aspx"} }},
		"every URI":      {map[string]any{"extensions": []any{}}, func(m *rule.MatchConfig) { m.Extensions = []string{} }},
		"another code":   {map[string]any{"status_codes": []any{200, 404}}, func(m *rule.MatchConfig) { m.StatusCodes = []int{200, 404} }},
		"any user agent": {map[string]any{"user_agent_prefixes": []any{}}, func(m *rule.MatchConfig) { m.UserAgentPrefixes = []string{} }},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := load(t, map[string]any{"include": []any{"*.log"}, "match": c.conf})
			require.NoError(t, err)
			want := whole
			c.want(&want)
			require.Equal(t, &want, cfg.Match)
		})
	}
	cfg, err := load(t, map[string]any{"include": []any{"*.log"}})
	require.NoError(t, err)
	require.Nil(t, cfg.Match, "without the key every line becomes a record")
}

func TestMistakesAreExplained(t *testing.T) {
	for name, c := range map[string]struct {
		conf map[string]any
		want []string
	}{
		"empty include":        {map[string]any{"include": []any{}}, []string{"include is empty", "name at least one file pattern"}},
		"bad pattern":          {map[string]any{"include": []any{"a[.log"}}, []string{`include has "a[.log"`, "use *"}},
		"start_at":             {map[string]any{"start_at": "middle"}, []string{"start_at", "middle"}},
		"encoding":             {map[string]any{"encoding": "utf-7x"}, []string{"utf-7x", "windows-1252"}},
		"body":                 {map[string]any{"body": "raw"}, []string{`body is "raw"`, "original, none"}},
		"on_error":             {map[string]any{"on_error": "ignore"}, []string{`on_error is "ignore"`, "send, drop"}},
		"header":               {map[string]any{"header": map[string]any{"pattern": "^#"}}, []string{"header is not supported", "#Fields"}},
		"multiline":            {map[string]any{"multiline": map[string]any{"line_start_pattern": "x"}}, []string{"multiline is not supported"}},
		"delete_after_read":    {map[string]any{"delete_after_read": true}, []string{"delete_after_read: true is not supported"}},
		"truncate":             {map[string]any{"max_log_size_behavior": "truncate"}, []string{"truncate is not supported", "use split"}},
		"record number":        {map[string]any{"include_file_record_number": true}, []string{"use include_file_record_offset"}},
		"leading whitespace":   {map[string]any{"preserve_leading_whitespaces": false}, []string{"preserve_leading_whitespaces: false is not supported"}},
		"trailing whitespace":  {map[string]any{"preserve_trailing_whitespaces": false}, []string{"preserve_trailing_whitespaces: false is not supported"}},
		"buffer above limit":   {map[string]any{"initial_buffer_size": "2MiB"}, []string{"initial_buffer_size is 2097152", "max_log_size (1048576)"}},
		"tiny limit":           {map[string]any{"max_log_size": 100, "initial_buffer_size": 10}, []string{"max_log_size is 100", "at least 1024"}},
		"negative flush":       {map[string]any{"force_flush_period": "-1s"}, []string{"force_flush_period is -1s"}},
		"negative age":         {map[string]any{"exclude_older_than": "-1h"}, []string{"exclude_older_than is -1h"}},
		"no poll interval":     {map[string]any{"poll_interval": "0s"}, []string{"poll_interval is 0s"}},
		"archive, no storage":  {map[string]any{"polls_to_archive": 5}, []string{"polls_to_archive needs storage"}},
		"negative archive":     {map[string]any{"polls_to_archive": -5, "storage": "file_storage"}, []string{"polls_to_archive is -5"}},
		"negative retry":       {map[string]any{"retry_on_failure": map[string]any{"initial_interval": "-1s"}}, []string{"initial_interval"}},
		"column in both lists": {map[string]any{"fields": map[string]any{"include": []any{"CS(cookie)"}}}, []string{"fields::include", "CS(cookie)", "fields::exclude is [cs(Cookie)] unless set"}},
		"column with a blank":  {map[string]any{"fields": map[string]any{"exclude": []any{"c-ip cs-host"}}}, []string{`fields::exclude has "c-ip cs-host"`}},
		"fields with #":        {map[string]any{"default_fields": "#Fields: date time"}, []string{"default_fields", "leave out #Fields:"}},
		"blank fields":         {map[string]any{"default_fields": "  "}, []string{"default_fields", "separated by blanks"}},
		"fields without time":  {map[string]any{"default_fields": "c-ip cs-uri-stem"}, []string{"default_fields", "no time column"}},
		"match, unknown key":   {map[string]any{"match": map[string]any{"extension": []any{".asp"}}}, []string{"extension"}},
		"match, bad value":     {map[string]any{"match": map[string]any{"private_clients": "drop"}}, []string{"match::private_clients", "exclude or include"}},
		"unknown key":          {map[string]any{"decode_pluss": true}, []string{"decode_pluss"}},
		"concurrency":          {map[string]any{"max_concurrent_files": 0}, []string{"max_concurrent_files"}},
		"fingerprint":          {map[string]any{"fingerprint_size": 4}, []string{"fingerprint_size", "16"}},
	} {
		t.Run(name, func(t *testing.T) {
			conf := map[string]any{"include": []any{"*.log"}}
			for k, v := range c.conf {
				conf[k] = v
			}
			_, err := load(t, conf)
			require.Error(t, err)
			for _, w := range c.want {
				require.ErrorContains(t, err, w)
			}
		})
	}
}

func TestClientAddressIsPartOfTheConfiguration(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Include = []string{"*.log"}
	require.NoError(t, cfg.Validate())
	cfg.ClientAddress.Header = "X-Forwarded-For"
	require.ErrorContains(t, cfg.Validate(), "client_address::trusted_proxies")
}
