// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package engine is the detection engine behind rare_client: it finds the
// groups of web requests (by default one URI and one user agent) that only a
// few clients ever asked for.
//
// A request passes the match stages ([rule.Matcher]), is put into the pane of its
// event time ([Engine.Commit]), and once the watermark has passed the end of a
// window the window's panes are merged into findings ([Engine.Evaluate]).
//
// For "exactly one client" every lost request can create a false alert, so each
// loss has a [Reason] that is counted and that marks the windows it touched.
//
// The package knows nothing of the Collector: the component packages translate.
// The rule is the Azure Sentinel hunting query "URI requests from single
// client" (W3CIISLog/RareClientFileAccess.yaml, version 1.0.2).
package engine
