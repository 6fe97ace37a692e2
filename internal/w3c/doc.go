// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package w3c reads the W3C extended log file format as IIS and its relatives
// write it: directives, the schema that #Fields puts in force, and the values
// of a line.
//
// It is made for chunks: a string of many lines, made once, of which every
// value is a substring. A [Reader] walks the lines of one chunk after another
// and gives each exactly one [Kind], so that at any time
//
//	lines = records + bad lines + directives + blank lines
//
// What must be known to go on in the middle of a file is a [State]; it has a
// text form that can be kept beside the file's offset.
package w3c
