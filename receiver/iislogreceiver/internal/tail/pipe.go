// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"os"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// pipes returns patterns that exclude what is no regular file: fileconsumer opens
// a pipe and waits there for ever.
func (t *Tailer) pipes() (patterns []string) {
	for _, path := range t.irregular() {
		t.logger.Warn("What is no regular file is left out: reading it may never end", zap.String("path", path))
		patterns = append(patterns, literal.Replace(path))
	}
	return patterns
}

// literal makes a pattern of a path that fits nothing else.
var literal = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`)

// irregular returns the paths that match and are no regular files.
func (t *Tailer) irregular() (out []string) {
	files, err := MatchingFiles(t.cfg)
	if err != nil {
		return nil // none is there; sayFiles has said so
	}
	for _, path := range files {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			out = append(out, path)
		}
	}
	return out
}

// releasePipes lets go of pipes that came later and that fileconsumer waits at,
// until its caller has stopped.
func (t *Tailer) releasePipes() (done func()) {
	paths := t.irregular()
	if len(paths) == 0 {
		return func() {}
	}
	stop := make(chan struct{})
	var released sync.WaitGroup
	released.Go(func() {
		for {
			for _, path := range paths {
				releasePipe(path)
			}
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return func() {
		close(stop)
		released.Wait()
	}
}
