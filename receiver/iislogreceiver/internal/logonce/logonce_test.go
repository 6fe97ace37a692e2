// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package logonce

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestWrapSaysOnce(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	logger := Wrap(zap.New(core), 0)
	for range 3 {
		logger.Error("Failed to open file", zap.String("original_path", "a"), zap.Error(errors.New("gone")))
		logger.Error("Failed to open file", zap.String("original_path", "b"), zap.Error(errors.New("gone")))
		logger.With(zap.String("path", "c")).Warn("failed during scan")
		logger.With(zap.String("path", "d")).Warn("failed during scan")
		logger.Info("Started watching file")
		logger.Debug("not enabled")
	}
	logger.Error("Failed to open file", zap.String("original_path", "a"), zap.Error(errors.New("locked")))
	require.Equal(t, 4+3+1, logs.Len())
}

func TestLogForgets(t *testing.T) {
	var s Log
	at := time.Unix(0, 0)
	require.True(t, s.First("a", at, time.Minute))
	for range 100 {
		at = at.Add(59 * time.Second)
		require.False(t, s.First("a", at, time.Minute), "said at every poll is said once")
	}
	require.True(t, s.First("a", at.Add(time.Minute), time.Minute))
	for i := range 2 * maxSaid {
		s.First(fmt.Sprint(i), at, 0)
	}
	require.LessOrEqual(t, len(s.things), maxSaid)
}
