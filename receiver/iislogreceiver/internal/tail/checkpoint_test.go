// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/iishunt/iishunt/internal/storagetest"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/telemetry"
)

func nopMeters(t *testing.T) *telemetry.Meters {
	t.Helper()
	m, err := telemetry.New(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	return m
}

var errBusy = errors.New("busy")

// memory is a client of a storage in memory.
type memory struct {
	storage.Client
	disk *storagetest.Disk
}

func newMemory(t *testing.T) memory {
	t.Helper()
	disk := storagetest.NewDisk()
	client, err := disk.GetClient(t.Context(), component.KindReceiver, component.MustNewID("iis_log"), "")
	require.NoError(t, err)
	return memory{client, disk}
}

func (m memory) value(key string) (value []byte) {
	m.disk.Change(key, func(v []byte) []byte {
		value = v
		return v
	})
	return value
}

// failing is a storage client whose writes fail.
type failing struct{ storage.Client }

func (failing) Batch(context.Context, ...*storage.Operation) error { return errBusy }

func TestShortFilesAreSavedAgainAfterAFailure(t *testing.T) {
	mem := newMemory(t)
	short := newShortFiles(100, time.Minute, time.Now)
	c := newCheckpoint(failing{mem}, short, nopMeters(t))
	short.read("a", [][]byte{[]byte("one\n")}, []int64{0, 4}, 0)
	require.ErrorIs(t, c.Set(t.Context(), checkpointKey, nil), errBusy)
	c.Client = mem
	require.NoError(t, c.Set(t.Context(), "another key", nil))
	require.Empty(t, mem.value(shortKey), "saved only with the offsets that it belongs to")
	require.NoError(t, c.Set(t.Context(), checkpointKey, nil))
	require.NotEmpty(t, mem.value(shortKey))

	c.freeze()
	require.NoError(t, c.Set(t.Context(), checkpointKey, []byte("x")))
	require.NoError(t, c.Delete(t.Context(), shortKey))
	require.Empty(t, mem.value(checkpointKey))
	require.NotEmpty(t, mem.value(shortKey))
	value, err := c.Get(t.Context(), shortKey)
	require.NoError(t, err)
	require.NotEmpty(t, value, "a frozen checkpoint can still be read")
}

func TestUnchangedOffsetsAreNotSavedAgain(t *testing.T) {
	mem := newMemory(t)
	c := newCheckpoint(mem, newShortFiles(100, time.Minute, time.Now), nopMeters(t))
	save := func(text string) {
		t.Helper()
		require.NoError(t, c.Set(t.Context(), checkpointKey, []byte(text)))
		require.Equal(t, text, string(mem.value(checkpointKey)))
	}
	save("a")
	save("b")
	save("a")
	mem.disk.Change(checkpointKey, func([]byte) []byte { return []byte("not written again") })
	require.NoError(t, c.Set(t.Context(), checkpointKey, []byte("a")))
	require.Equal(t, "not written again", string(mem.value(checkpointKey)))
	c.Client = failing{mem}
	require.ErrorIs(t, c.Set(t.Context(), checkpointKey, []byte("c")), errBusy)
	c.Client = mem
	save("a") // nobody knows what a failure left there
}

func TestDeleteThatFails(t *testing.T) {
	tel := componenttest.NewTelemetry()
	m, err := telemetry.New(tel.NewTelemetrySettings())
	require.NoError(t, err)
	mem := newMemory(t)
	require.NoError(t, mem.Set(t.Context(), "key", []byte("value")))
	c := newCheckpoint(mem, newShortFiles(100, time.Minute, time.Now), m)
	mem.disk.SetFault(func(ops []*storage.Operation) error {
		if ops[0].Type == storage.Delete {
			return errBusy
		}
		return nil
	})
	require.ErrorIs(t, c.Delete(t.Context(), "key"), errBusy)
	require.Equal(t, "value", string(mem.value("key")))
	got, err := tel.GetMetric("otelcol_receiver_iis_log_checkpoint_failures")
	require.NoError(t, err)
	require.EqualValues(t, 1, got.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	mem.disk.SetFault(nil)
	require.NoError(t, c.Delete(t.Context(), "key"))
	require.Empty(t, mem.disk.Keys())
	require.NoError(t, tel.Shutdown(t.Context()))
}
