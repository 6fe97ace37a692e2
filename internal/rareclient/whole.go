// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"errors"

	"go.opentelemetry.io/collector/confmap"

	"github.com/iishunt/iishunt/internal/rule"
)

// all is the value of window that is no duration.
const all = "all"

// ReadWindow lets window be "all". A component's Config calls it in its Unmarshal.
func ReadWindow(conf *confmap.Conf) error {
	if conf.Get("window") != all {
		return nil
	}
	return conf.Merge(confmap.NewFromStringMap(map[string]any{"window": rule.WindowAll.String()}))
}

// checkWhole refuses window: all where logs are followed: its end is the end of
// input, and with storage there is none.
func (c *Config) checkWhole() error {
	if c.Whole() && c.StorageID != nil {
		return errors.New("storage: with window: all; everything is evaluated when the input ends, so there is nothing to continue. Remove storage, or give window a duration")
	}
	return nil
}
