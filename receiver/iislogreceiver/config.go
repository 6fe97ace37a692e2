// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // Windows has no names of time zones that Go knows

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/record"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// What body and on_error can be.
const (
	BodyOriginal = "original"
	BodyNone     = "none"
	OnErrorSend  = "send"
	OnErrorDrop  = "drop"
)

const (
	// defaultPollsToArchive is how many polls a file may be out of sight, with
	// storage, before it is read from its beginning again.
	defaultPollsToArchive = 600
	// minMaxLogSize is a bound against typing errors, in bytes.
	minMaxLogSize = 1024
)

// Config is the configuration of the iis_log receiver.
type Config struct {
	// FileConfig says what to read and how, with the keys of file_log.
	FileConfig `mapstructure:",squash"`

	// StorageID names the storage extension that keeps offsets and headers
	// over a restart. Default: none, and reading begins at start_at.
	StorageID *component.ID `mapstructure:"storage"`
	// RetryOnFailure says how often a batch is offered to the next consumer
	// again. Default: for ever; the files are the queue.
	RetryOnFailure configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// ClientAddress says how the real client behind proxies is found.
	ClientAddress ClientAddressConfig `mapstructure:"client_address"`
	// Fields chooses the columns that become attributes.
	Fields FieldsConfig `mapstructure:"fields"`
	// DecodePlus turns the + of a user agent back into the blank that it was.
	// Default: true.
	DecodePlus bool `mapstructure:"decode_plus"`
	// Body is original (the log line) or none. Default: original.
	Body string `mapstructure:"body"`
	// OnError says what becomes of a line that does not fit its header: send
	// or drop. Both count it. Default: send.
	OnError string `mapstructure:"on_error"`
	// DefaultFields is a #Fields value for files that have no header. Default:
	// none, and their lines are errors.
	DefaultFields string `mapstructure:"default_fields"`
	// TimeZone is what the times in the logs are in, an IANA name such as
	// Europe/Berlin. Default: UTC, as IIS logs.
	TimeZone string `mapstructure:"timezone"`
	// Match is rare_client's block of that name: lines that its stages drop do
	// not become records. An empty block has rare_client's defaults. Default:
	// none, and every line becomes a record.
	Match *rule.MatchConfig `mapstructure:"match"`
	// Progress is what the receiver tells of its reading, for rare_client.
	Progress ProgressConfig `mapstructure:"progress"`
	// Follow goes on reading what is written. False reads what is there, says that
	// it has finished, and reads no more. Default: true.
	Follow bool `mapstructure:"follow"`
}

// What a part of the configuration is made of.
type (
	// FileConfig says what to read and how.
	FileConfig = tail.Config
	// FieldsConfig chooses columns.
	FieldsConfig = record.FieldsConfig
	// ClientAddressConfig says how the real client behind proxies is found.
	ClientAddressConfig = record.ClientAddressConfig
)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second
	retry.MaxElapsedTime = 0
	return &Config{
		FileConfig:     tail.DefaultConfig(),
		RetryOnFailure: retry,
		Fields:         FieldsConfig{Exclude: []string{"cs(Cookie)"}},
		ClientAddress:  ClientAddressConfig{MaxLength: record.DefaultMaxLength},
		DecodePlus:     true,
		Body:           BodyOriginal,
		OnError:        OnErrorSend,
		Progress:       ProgressConfig{Enabled: true, Interval: 10 * time.Second},
		Follow:         true,
		TimeZone:       "UTC",
	}
}

// Unmarshal reads the configuration. What a match block leaves out has the
// rule's default. With storage a share that is away for a
// while must not be read again in full, so polls_to_archive has another
// default then.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if conf.IsSet("match") {
		match := rule.DefaultConfig().Match
		c.Match = &match
	}
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	if c.StorageID != nil && !conf.IsSet("polls_to_archive") {
		c.PollsToArchive = defaultPollsToArchive
	}
	return nil
}

// Validate returns every mistake at once, each with the key and what it allows.
func (c *Config) Validate() error {
	errs := []error{
		c.validateUnsupported(),
		c.validateSizes(),
		c.validateFields(),
		c.ClientAddress.Check(),
		c.Progress.check(),
		c.checkZone(),
		oneOf("body", c.Body, BodyOriginal, BodyNone),
		oneOf("on_error", c.OnError, OnErrorSend, OnErrorDrop),
	}
	if c.Match != nil {
		errs = append(errs, c.Match.Check())
	}
	if len(c.Include) == 0 {
		errs = append(errs, errors.New(`include is empty: name at least one file pattern, such as C:\inetpub\logs\LogFiles\W3SVC*\*.log`))
		return errors.Join(errs...)
	}
	if errors.Join(errs...) == nil {
		errs = append(errs, tail.CheckConfig(c.FileConfig))
	}
	return errors.Join(errs...)
}

// validateUnsupported rejects what fileconsumer can do but this receiver does
// in another way.
func (c *Config) validateUnsupported() error {
	var errs []error
	reject := func(set bool, text string) {
		if set {
			errs = append(errs, errors.New(text))
		}
	}
	reject(c.Header != nil, "header is not supported: the directives of the log, such as #Fields, are always followed; remove header")
	reject(c.SplitConfig.LineStartPattern != "" || c.SplitConfig.LineEndPattern != "",
		"multiline is not supported: a record of this format is one line; remove multiline")
	reject(c.DeleteAfterRead, "delete_after_read: true is not supported: it deletes a file before its last lines are delivered; remove it")
	reject(c.IncludeFileRecordNumber,
		"include_file_record_number: true is not supported: files are read in chunks of many lines; use include_file_record_offset")
	reject(!c.TrimConfig.PreserveLeading, "preserve_leading_whitespaces: false is not supported: this receiver trims lines itself; remove it")
	reject(!c.TrimConfig.PreserveTrailing, "preserve_trailing_whitespaces: false is not supported: line endings tell whole lines from pieces; remove it")
	reject(strings.EqualFold(c.MaxLogSizeBehavior, "truncate"),
		"max_log_size_behavior: truncate is not supported: a shortened line would be read under wrong columns; use split, its pieces become error records")
	reject(c.OnTruncate == "read_new",
		"on_truncate: read_new is not supported: what is written between the cut and the next look at the file would be lost; use read_whole_file or ignore")
	reject(c.MaxBatches != 0, "max_batches is not supported: it can keep files from being read for ever; remove it")
	reject(!c.Follow && !c.Progress.Enabled, "follow: false needs progress::enabled: true, which says that reading has finished; remove one of them")
	reject(!c.Follow && c.StartAt == "end", "follow: false with start_at: end reads nothing; set start_at: beginning")
	reject(c.PollsToArchive != 0 && c.StorageID == nil, "polls_to_archive needs storage: set storage, or remove polls_to_archive")
	return errors.Join(errs...)
}

func (c *Config) validateSizes() error {
	var errs []error
	if c.MaxLogSize < minMaxLogSize {
		errs = append(errs, fmt.Errorf("max_log_size is %d bytes: it must be at least %d", c.MaxLogSize, minMaxLogSize))
	}
	if c.InitialBufferSize < 1 || c.InitialBufferSize > c.MaxLogSize {
		errs = append(errs, fmt.Errorf("initial_buffer_size is %d bytes: it must be between 1 and max_log_size (%d)", c.InitialBufferSize, c.MaxLogSize))
	}
	if c.PollInterval <= 0 {
		errs = append(errs, fmt.Errorf("poll_interval is %v: it must be longer than 0s", c.PollInterval))
	}
	if c.PollsToArchive < 0 {
		errs = append(errs, fmt.Errorf("polls_to_archive is %d: it must be 0 or more", c.PollsToArchive))
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"force_flush_period", c.FlushPeriod}, {"exclude_older_than", c.ExcludeOlderThan}} {
		if d.value < 0 {
			errs = append(errs, fmt.Errorf("%s is %v: it must be 0s (off) or longer", d.key, d.value))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateFields() error {
	var errs []error
	for _, l := range []struct {
		key   string
		names []string
	}{{"fields::exclude", c.Fields.Exclude}, {"fields::include", c.Fields.Include}} {
		for _, name := range l.names {
			if name == "" || strings.ContainsAny(name, " \t") {
				errs = append(errs, fmt.Errorf("%s has %q: name a column as #Fields does, such as cs(Cookie)", l.key, name))
			}
		}
	}
	for _, name := range c.Fields.Include {
		if slices.ContainsFunc(c.Fields.Exclude, func(x string) bool { return strings.EqualFold(x, name) }) {
			errs = append(errs, fmt.Errorf("fields::include and fields::exclude both name %s: remove it from one of them (fields::exclude is [cs(Cookie)] unless set)", name))
		}
	}
	if c.DefaultFields != "" {
		errs = append(errs, validateDefaultFields(c.DefaultFields))
	}
	return errors.Join(errs...)
}

func validateDefaultFields(value string) error {
	s := w3c.ParseSchema(value)
	switch {
	case strings.HasPrefix(strings.TrimSpace(value), "#"):
		return fmt.Errorf("default_fields is %q: leave out #Fields: and give the names only", value)
	case s == nil || strings.ContainsAny(value, "\r\n"):
		return fmt.Errorf("default_fields is %q: give the names of the columns on one line, separated by blanks", value)
	case s.Index(w3c.Time) < 0:
		return fmt.Errorf("default_fields is %q: it has no time column; name every column of the lines in their order", value)
	}
	return nil
}

// zone returns what the times in the logs are in; nil: UTC.
func (c *Config) zone() (*time.Location, error) {
	if c.TimeZone == "UTC" {
		return nil, nil //nolint:nilnil // described above
	}
	return time.LoadLocation(c.TimeZone)
}

func (c *Config) checkZone() error {
	if _, err := c.zone(); err != nil || c.TimeZone == "" || strings.EqualFold(c.TimeZone, "local") {
		return fmt.Errorf("timezone is %q: it must be an IANA name such as Europe/Berlin, or UTC", c.TimeZone)
	}
	return nil
}

func oneOf(key, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s is %q: it must be one of %s", key, value, strings.Join(allowed, ", "))
}
