// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package iislogreceiver

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"github.com/iishunt/iishunt/internal/attr"
)

// asNobody gives up what root may do, so that permissions count, and gives the
// folder to whoever is left.
func (f *fixture) asNobody() {
	f.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	require.NoError(f.t, os.Chmod(filepath.Dir(f.dir), 0o755))
	require.NoError(f.t, os.Chown(f.dir, nobody, nobody))
	require.NoError(f.t, syscall.Seteuid(nobody))
	f.t.Cleanup(func() { require.NoError(f.t, syscall.Seteuid(0)) })
}

func TestFileThatMayNotBeRead(t *testing.T) {
	for name, lines := range map[string]int{"new": 0, "read in part": 5, "longer than the fingerprint": 300} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.asNobody()
			f.store()
			f.write("a.log", header+lines1(0, lines)+header2)
			f.write("b.log", header2+line2(10_000))
			if lines > 0 {
				f.start()
				f.waitRecords(lines + 1)
				f.polls()
				f.stop()
			}
			f.append("a.log", line2(lines))
			require.NoError(t, os.Chmod(f.path("a.log"), 0))
			f.start()
			f.append("b.log", line2(10_001))
			f.eventually(func() bool { return slices.Contains(f.attrs("url.path"), "/p10001.aspx") }, "other files are not read")
			f.polls()
			f.polls()
			require.Equal(t, []string{"Failed to open file - unreadable"}, f.messages(zapcore.ErrorLevel), "said once")

			require.NoError(t, os.Chmod(f.path("a.log"), 0o600))
			f.waitRecords(lines + 3)
			f.append("a.log", line2(lines+1))
			f.waitRecords(lines + 4)
			f.polls()
			require.Equal(t, 1, f.logs.FilterMessage("Previously unreadable file is now readable").Len())
			requireOnce(t, f, lines+2, 10_000, 10_001)
		})
	}
}

// requireOnce: the records are those of the lines below n and of others, each
// once, in any order, and every one read under its header.
func requireOnce(t *testing.T, f *fixture, n int, others ...int) {
	t.Helper()
	want, got := map[string]int{}, map[string]int{}
	for i := range n {
		want[fmt.Sprintf("/p%d.aspx 192.0.2.1", i)] = 1
	}
	for _, i := range others {
		want[fmt.Sprintf("/p%d.aspx 192.0.2.1", i)] = 1
	}
	for _, lr := range f.records() {
		got[attrOf(lr, "url.path")+" "+attrOf(lr, "client.address")+attrOf(lr, attr.IISParseError)]++
	}
	require.Empty(t, difference(want, got))
}

func TestFolderThatMayNotBeRead(t *testing.T) {
	f := newFixture(t)
	f.asNobody()
	f.store()
	f.cfg.PollsToArchive = 1000
	f.write("W3SVC1/a.log", header+lines1(0, 5)+header2)
	f.write("W3SVC2/b.log", header2+line2(1000))
	f.start()
	f.waitRecords(6)
	f.polls()
	f.append("W3SVC1/a.log", line2(5))
	require.NoError(t, os.Chmod(f.path("W3SVC1"), 0))
	for range 3 {
		f.polls()
	}
	f.append("W3SVC2/b.log", line2(1001))
	f.eventually(func() bool { return slices.Contains(f.attrs("url.path"), "/p1001.aspx") }, "other folders are not read")
	require.NoError(t, os.Chmod(f.path("W3SVC1"), 0o700))
	f.waitRecords(8)
	f.append("W3SVC1/a.log", line2(6))
	f.waitRecords(9)
	f.polls()
	requireOnce(t, f, 7, 1000, 1001)
}

// A disk or a share that fails: the file can be opened, and no byte be read.
// fileconsumer says nothing of it.
func TestFileWithInputErrors(t *testing.T) {
	f := newFixture(t)
	f.store()
	// The memory at address 0, which no process has.
	require.NoError(t, os.Symlink("/proc/self/mem", f.path("a.log")))
	_, err := os.ReadFile(f.path("a.log"))
	require.ErrorIs(t, err, syscall.EIO)
	f.write("b.log", header2+line2(5))
	f.start()
	f.waitRecords(1)
	f.polls()
	require.NoError(t, os.Remove(f.path("a.log")))
	f.write("a.log", header+lines1(0, 5))
	f.waitRecords(6)
	f.polls()
	requireOnce(t, f, 6)
}

func TestTooManyOpenFiles(t *testing.T) {
	f := newFixture(t)
	f.store()
	const files = 30
	for i := range files {
		f.write(fmt.Sprintf("%d.log", i), header+line1(2*i))
	}
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	few := limit
	few.Cur = uint64(len(open) + 4)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few))
	restore := func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)) }
	t.Cleanup(restore)
	f.start()
	f.eventually(func() bool { return f.logs.FilterMessage("Failed to open file").Len() > 0 }, "there are enough")
	restore()
	for i := range files {
		f.append(fmt.Sprintf("%d.log", i), line1(2*i+1))
	}
	f.waitRecords(2 * files)
	f.polls()
	requireOnce(t, f, 2*files)
}

// What stands under the path of a log is a folder for a while, or what its
// folder was is a file.
func TestPathThatIsAFolderForAWhile(t *testing.T) {
	for name, c := range map[string]struct{ take, put func(*fixture) error }{
		"a folder in place of the file": {
			func(f *fixture) error { return os.Mkdir(f.path("W3SVC1/a.log"), 0o700) },
			func(f *fixture) error { return os.Remove(f.path("W3SVC1/a.log")) },
		},
		"a file in place of the folder": {
			func(f *fixture) error {
				if err := os.Remove(f.path("W3SVC1")); err != nil {
					return err
				}
				return os.WriteFile(f.path("W3SVC1"), []byte("x"), 0o600)
			},
			func(f *fixture) error {
				if err := os.Remove(f.path("W3SVC1")); err != nil {
					return err
				}
				return os.Mkdir(f.path("W3SVC1"), 0o700)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.store()
			f.write("W3SVC1/a.log", header+lines1(0, 5)+header2)
			f.write("b.log", header2+line2(100))
			f.start()
			f.waitRecords(6)
			f.polls()
			require.NoError(t, os.Rename(f.path("W3SVC1/a.log"), f.path("away")))
			require.NoError(t, c.take(f))
			f.append("b.log", line2(101))
			f.waitRecords(7)
			f.polls()
			f.polls()
			require.NoError(t, c.put(f))
			require.NoError(t, os.Rename(f.path("away"), f.path("W3SVC1/a.log")))
			f.append("W3SVC1/a.log", line2(5))
			f.waitRecords(8)
			f.polls()
			requireOnce(t, f, 6, 100, 101)
			require.Empty(t, f.messages(zapcore.ErrorLevel))
		})
	}
}

// A file is put in place of another one of which the last lines were not read
// yet. Here, where files stay open, these lines are read all the same.
func TestFileReplacedByAnother(t *testing.T) {
	for name, n := range map[string]int{"shorter": 10, "longer": 900} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.store()
			f.write("a.log", header+lines1(0, 300))
			f.start()
			f.waitRecords(300)
			f.polls()
			var b strings.Builder
			for i := range n {
				b.WriteString(line2(1000 + i))
			}
			f.write("next", header2+b.String())
			f.append("a.log", lines1(300, 310))
			require.NoError(t, os.Rename(f.path("next"), f.path("a.log")))
			f.waitRecords(310 + n)
			f.append("a.log", line2(1000+n))
			f.waitRecords(311 + n)
			f.polls()
			var others []int
			for i := range n + 1 {
				others = append(others, 1000+i)
			}
			requireOnce(t, f, 310, others...)
			require.Empty(t, f.messages(zapcore.WarnLevel))
		})
	}
}
