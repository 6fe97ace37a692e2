// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// dice is a seeded source of choices. It uses only the raw numbers of the PCG
// generator, whose sequence is fixed, so a new Go release cannot change the files.
type dice struct{ source *rand.PCG }

// newDice returns the dice of one site and day: a change to one of them leaves
// the files of the others as they are.
func newDice(name string, day time.Time) *dice {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return &dice{source: rand.NewPCG(h.Sum64(), uint64(day.Unix()))}
}

// n returns a number from 0 to limit-1.
func (d *dice) n(limit int) int {
	return int(d.source.Uint64() % uint64(limit))
}

// between returns a number from low to high, both included.
func (d *dice) between(low, high int) int {
	return low + d.n(high-low+1)
}

// percent is true in p of 100 cases.
func (d *dice) percent(p int) bool {
	return d.n(100) < p
}

// word returns one of the words.
func (d *dice) word(words ...string) string {
	return words[d.n(len(words))]
}

// seconds returns a duration from low to high whole seconds.
func (d *dice) seconds(low, high int) time.Duration {
	return time.Duration(d.between(low, high)) * time.Second
}

// guid returns a random identifier in the usual notation.
func (d *dice) guid() string {
	a, b := d.source.Uint64(), d.source.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x",
		a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>50, b&0xffffffffffff)
}

// hourWeights is the shape of a shop's day, in UTC.
var hourWeights = [24]int{2, 1, 1, 1, 1, 2, 4, 8, 10, 11, 12, 12, 13, 11, 11, 10, 11, 13, 14, 16, 17, 13, 8, 4}

// busyTime returns a time of the day, more often in the busy hours. It stays
// away from the last quarter of an hour, so that a visit ends on its own day.
func (d *dice) busyTime(day time.Time) time.Time {
	total := 0
	for _, w := range hourWeights {
		total += w
	}
	pick, hour := d.n(total), 0
	for pick >= hourWeights[hour] {
		pick -= hourWeights[hour]
		hour++
	}
	return day.Add(time.Duration(hour)*time.Hour + d.seconds(0, 44*60))
}
