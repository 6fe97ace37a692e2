// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

func nopMeters(t *testing.T) *meters {
	t.Helper()
	m, err := newMeters(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	return m
}

// failing is a storage client whose writes fail.
type failing struct{ memoryClient }

func (failing) Batch(context.Context, ...*storage.Operation) error { return errBusy }

func TestYoungFilesAreSavedAgainAfterAFailure(t *testing.T) {
	mem := newMemory()
	young := newYoungFiles(100, time.Minute, time.Now)
	c := newCheckpoint(failing{memoryClient{mem}}, young, nopMeters(t))
	young.read("a", [][]byte{[]byte("one\n")}, []int64{0, 4}, 0)
	require.ErrorIs(t, c.Set(t.Context(), checkpointKey, nil), errBusy)
	c.Client = memoryClient{mem}
	require.NoError(t, c.Set(t.Context(), "another key", nil))
	require.Empty(t, mem.values[youngKey], "saved only with the offsets that it belongs to")
	require.NoError(t, c.Set(t.Context(), checkpointKey, nil))
	require.NotEmpty(t, mem.values[youngKey])

	c.freeze()
	require.NoError(t, c.Set(t.Context(), checkpointKey, []byte("x")))
	require.NoError(t, c.Delete(t.Context(), youngKey))
	require.Empty(t, mem.values[checkpointKey])
	require.NotEmpty(t, mem.values[youngKey])
	value, err := c.Get(t.Context(), youngKey)
	require.NoError(t, err)
	require.NotEmpty(t, value, "a frozen checkpoint can still be read")
}

func TestUnchangedOffsetsAreNotSavedAgain(t *testing.T) {
	mem := newMemory()
	c := newCheckpoint(memoryClient{mem}, newYoungFiles(100, time.Minute, time.Now), nopMeters(t))
	save := func(text string) {
		t.Helper()
		require.NoError(t, c.Set(t.Context(), checkpointKey, []byte(text)))
		require.Equal(t, text, string(mem.values[checkpointKey]))
	}
	save("a")
	save("b")
	save("a")
	mem.values[checkpointKey] = []byte("not written again")
	require.NoError(t, c.Set(t.Context(), checkpointKey, []byte("a")))
	require.Equal(t, "not written again", string(mem.values[checkpointKey]))
	c.Client = failing{memoryClient{mem}}
	require.ErrorIs(t, c.Set(t.Context(), checkpointKey, []byte("c")), errBusy)
	c.Client = memoryClient{mem}
	save("a") // nobody knows what a failure left there
}

// Nothing is deleted today; whatever asks for it gets the error, which is counted.
func TestDeleteThatFails(t *testing.T) {
	tel := componenttest.NewTelemetry()
	m, err := newMeters(tel.NewTelemetrySettings())
	require.NoError(t, err)
	mem := newMemory()
	mem.values["key"] = []byte("value")
	c := newCheckpoint(memoryClient{mem}, newYoungFiles(100, time.Minute, time.Now), m)
	mem.behave(false, refuses(storage.Delete, "key"))
	require.ErrorIs(t, c.Delete(t.Context(), "key"), errBusy)
	require.Equal(t, "value", string(mem.values["key"]))
	f := &fixture{t: t, tel: tel}
	require.Equal(t, map[string]int64{"": 1}, f.metric(failuresMetric, ""))
	mem.behave(false, nil)
	require.NoError(t, c.Delete(t.Context(), "key"))
	require.Empty(t, mem.values)
	require.NoError(t, tel.Shutdown(t.Context()))
}
