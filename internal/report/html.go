// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"
)

// The page's style and program. They stand in the file as they are, so that
// their hashes allow them, and nothing else, to run.
var (
	//go:embed assets/report.css
	style string
	//go:embed assets/text.js
	textJS string
	//go:embed assets/pivots.js
	pivotsJS string
	//go:embed assets/search.js
	searchJS string
	//go:embed assets/triage.js
	triageJS string
	//go:embed assets/timeline.js
	timelineJS string
	//go:embed assets/details.js
	detailsJS string
	//go:embed assets/report.js
	reportJS string
)

// The data is read back from between these two. The JSON between them has no "<",
// so nothing in it can end it.
const (
	dataBegin = `<script type="application/json" id="data">`
	dataEnd   = "</script>"
)

// policy is the Content-Security-Policy: this script and style alone, no network,
// no images, no forms, and no way for a script to write HTML.
func policy(script string) string {
	return "default-src 'none'; script-src " + hash(script) + "; style-src " + hash(style) +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// WriteHTML writes the report as one file.
func (doc *Document) WriteHTML(w io.Writer) error {
	script := strings.Join([]string{"\"use strict\";\n", textJS, searchJS, pivotsJS, timelineJS, triageJS, detailsJS, reportJS}, "")
	if _, err := fmt.Fprintf(w, `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>%s</title>
<style>%s</style>
</head>
<body>
<noscript>This report needs JavaScript; it loads nothing from anywhere.</noscript>
<main id="report"></main>
`, policy(script), html.EscapeString(doc.Title), style); err != nil {
		return err
	}
	if _, err := io.WriteString(w, dataBegin); err != nil {
		return err
	}
	// Escapes <, >, &, U+2028 and U+2029; invalid UTF-8 becomes U+FFFD.
	if err := json.NewEncoder(w).Encode(doc); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s\n<script>%s</script>\n</body>\n</html>\n", dataEnd, script)
	return err
}
