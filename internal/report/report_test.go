// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iishunt/iishunt/internal/golden"
	"github.com/iishunt/iishunt/internal/rank"
	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/report/reporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)

func document(detections []*report.Detection) *report.Document {
	s := report.NewStore(100_000)
	for _, d := range detections {
		s.Add(d)
	}
	return s.Document("A hunt", "v1", now)
}

func page(t *testing.T, doc *report.Document) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, doc.WriteHTML(&out))
	return out.Bytes()
}

func TestDataModel(t *testing.T) {
	out, err := json.MarshalIndent(document(reporttest.Story()), "", "  ")
	require.NoError(t, err)
	golden.Equal(t, "testdata/story.json", append(out, '\n'))
}

func TestNDJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, document(reporttest.Story()).WriteNDJSON(&out))
	golden.Equal(t, "testdata/story.ndjson", out.Bytes())
}

func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	want := page(t, document(reporttest.Story()))
	backwards := reporttest.Story()
	slices.Reverse(backwards)
	require.Equal(t, want, page(t, document(backwards)))
}

// Who has a network comes from another address every day.
func TestCountedClientsAreTheSameWhateverTheirAddresses(t *testing.T) {
	s := report.NewStore(10)
	for day, client := range []string{"2001:db8::9", "2001:db8::1", "2001:db8::5"} {
		d := reporttest.Detection("/a.aspx", client, day, 3)
		d.Counted = []string{"2001:db8::/64"}
		require.Equal(t, report.Added, s.Add(d))
	}
	doc := s.Document("", "", now)
	require.Len(t, doc.Findings, 1)
	f := doc.Findings[0]
	require.Equal(t, []string{"2001:db8::1", "2001:db8::5", "2001:db8::9"}, f.Clients)
	require.Equal(t, []string{"2001:db8::/64"}, f.Counted)
	require.Equal(t, 1, f.ClientCount)
	require.Equal(t, "2001:db8::/64", f.Who())
	require.Equal(t, 3, f.Days)
	require.Equal(t, "2001:db8::9", f.Windows[0].Samples[0].Client)

	again := report.NewStore(10)
	require.Zero(t, again.Restore(doc))
	require.Equal(t, page(t, doc), page(t, again.Document("", "", now)))
}

func TestRedeliveryReplaces(t *testing.T) {
	s := report.NewStore(10)
	require.Equal(t, report.Added, s.Add(reporttest.Detection("/a.aspx", "192.0.2.1", 0, 3)))
	require.Equal(t, report.Repeated, s.Add(reporttest.Detection("/a.aspx", "192.0.2.1", 0, 4)))
	doc := s.Document("", "", now)
	require.Len(t, doc.Findings, 1)
	require.Len(t, doc.Findings[0].Windows, 1)
	require.EqualValues(t, 4, doc.Findings[0].Requests)
}

func TestWhatCannotBeKept(t *testing.T) {
	s := report.NewStore(10)
	for why, change := range map[string]func(*report.Detection){
		"no id: a redelivery could not be told":  func(d *report.Detection) { d.ID = "" },
		"a year that RFC 3339 cannot write":      func(d *report.Detection) { d.Last = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) },
		"a window that begins before the year 1": func(d *report.Detection) { d.Start = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		d := reporttest.Detection("/a.aspx", "192.0.2.1", 0, 3)
		change(d)
		require.Equal(t, report.Ignored, s.Add(d), why)
	}
	require.Empty(t, s.Document("", "", now).Findings)
}

func TestOverlappingWindowsAreNotAddedUp(t *testing.T) {
	a, b := reporttest.Detection("/a.aspx", "192.0.2.1", 0, 3), reporttest.Detection("/a.aspx", "192.0.2.1", 1, 5)
	b.Start = b.Start.Add(-time.Hour)
	f := document([]*report.Detection{a, b}).Findings[0]
	require.EqualValues(t, 3, f.Requests)
	require.True(t, f.AtLeast)
}

func TestRanking(t *testing.T) {
	var got []string
	for _, f := range document(reporttest.Story()).Findings {
		got = append(got, fmt.Sprintf("%s %d %s", f.Level, f.Points, f.Path))
	}
	require.Equal(t, []string{
		"strong 140 /uploads/logo.aspx",
		"weak 30 /admin/orders.aspx",
		"weak 25 /search.aspx",
		"weak 20 /partner.aspx",
		"weak 0 /giftcard.aspx",
	}, got)
}

// A window of a year says on how many days there were requests.
func TestDaysOfALongWindow(t *testing.T) {
	d := reporttest.Detection("/a.aspx", "192.0.2.1", 0, 3)
	d.End, d.Last = d.End.AddDate(0, 0, 30), d.First.AddDate(0, 0, 20)
	d.Usage.Days = 7
	next := reporttest.Detection("/a.aspx", "192.0.2.1", 40, 3)
	require.Equal(t, 8, document([]*report.Detection{d, next}).Findings[0].Days)
}

// A rule that calls itself severe lifts nothing above another rule's evidence.
func TestSeverityBreaksTies(t *testing.T) {
	severe, plain, telling := reporttest.Detection("/z.aspx", "192.0.2.1", 0, 3), reporttest.Detection("/a.aspx", "192.0.2.2", 0, 3), reporttest.Detection("/cmd.aspx", "192.0.2.3", 0, 3)
	severe.Rule.Severity = "High"
	var got []string
	for _, f := range document([]*report.Detection{plain, telling, severe}).Findings {
		got = append(got, f.Path)
	}
	require.Equal(t, []string{"/cmd.aspx", "/z.aspx", "/a.aspx"}, got)
}

func TestWindowOverMidnightIsTwoDays(t *testing.T) {
	d := reporttest.Detection("/a.aspx", "192.0.2.1", 0, 3)
	d.End, d.Last = d.End.Add(time.Hour), d.End.Add(time.Minute)
	require.Equal(t, 2, document([]*report.Detection{d}).Findings[0].Days)
}

// One sample's query is enough, whichever it is.
func TestCommandIsLookedForInEverySample(t *testing.T) {
	d := reporttest.Detection("/a.aspx", "192.0.2.1", 0, 3)
	d.Samples[1].Query = "cmd=dir"
	require.Contains(t, document([]*report.Detection{d}).Findings[0].Reasons, rank.Reason{Signal: "command", Points: 30, Detail: "cmd=dir"})
}

func TestTheMostTellingAreKept(t *testing.T) {
	const limit = 100
	s := report.NewStore(limit)
	all := reporttest.Many(1000)
	for _, d := range all {
		s.Add(d)
	}
	doc := s.Document("", "", now)
	require.Len(t, doc.Findings, limit)
	require.EqualValues(t, len(all)-limit, doc.LeftOut)
	for _, f := range doc.Findings[:50] {
		require.True(t, strings.HasPrefix(f.Path, "/uploads/"), "the 50 under an upload folder are the most telling: %s", f.Path)
	}
}

func TestLongTextsTakeTheRoomOfSeveral(t *testing.T) {
	for _, letter := range []string{"x", "<", "\"", "\xff", "\x00"} { // "<" is \u003c in the page
		s := report.NewStore(100)
		long := strings.Repeat(letter, 5000)
		for i := range 50 {
			d := reporttest.Detection("/"+long, "192.0.2.1", i, 20)
			d.UserAgent, d.Methods, d.IncompleteReason = long, slices.Repeat([]string{long}, 20), slices.Repeat([]string{long}, 20)
			for j := range d.Samples {
				d.Samples[j].Query, d.Samples[j].Method, d.Samples[j].File = long, long, long
			}
			s.Add(d)
		}
		doc := s.Document("", "", now)
		require.NotEmpty(t, doc.Findings)
		require.Less(t, len(page(t, doc)), 100*2048+100_000, "bytes: the limit times 2 KiB, and the page itself")
	}
}

func TestReadBackIsTheSame(t *testing.T) {
	for name, detections := range map[string][]*report.Detection{
		"story": reporttest.Story(), "hostile": reporttest.HostileDetections(), "many": reporttest.Many(300), "none": nil,
	} {
		first := page(t, document(detections))
		doc, err := report.Parse(first)
		require.NoError(t, err, name)
		s := report.NewStore(100_000)
		require.Zero(t, s.Restore(doc), name)
		require.Equal(t, string(first), string(page(t, s.Document("A hunt", "v1", now))), name)
	}
}

func TestWhatIsNoReport(t *testing.T) {
	whole := string(page(t, document(reporttest.Story())))
	half, _, _ := strings.Cut(whole, `"windows"`)
	for why, text := range map[string]string{
		"empty":          "",
		"another page":   "<html><script>1</script></html>",
		"breaks off":     half,
		"no JSON":        strings.Replace(whole, `{"format":1`, `{"format":1,,`, 1),
		"another format": strings.Replace(whole, `{"format":1`, `{"format":2`, 1),
	} {
		_, err := report.Parse([]byte(text))
		require.ErrorIs(t, err, report.ErrNotAReport, why)
	}
}

func TestIndexesOutOfRangeAreCounted(t *testing.T) {
	whole := string(page(t, document(reporttest.Story())))
	doc, err := report.Parse([]byte(strings.Replace(whole, `{"rule":0`, `{"rule":99`, 1)))
	require.NoError(t, err)
	s := report.NewStore(100)
	require.EqualValues(t, 1, s.Restore(doc))
}

func FuzzParse(f *testing.F) {
	var seed bytes.Buffer
	_ = document(reporttest.Story()).WriteHTML(&seed)
	_, data, _ := bytes.Cut(seed.Bytes(), []byte(`id="data">`))
	data, _, _ = bytes.Cut(data, []byte("</script>"))
	f.Add(data)
	f.Add([]byte(`{"format":1,"rules":[{}],"agents":[""],"findings":[null,{"windows":[{"id":"x"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := report.Parse([]byte(`<script type="application/json" id="data">` + string(data) + "</script>"))
		if err != nil {
			return
		}
		s := report.NewStore(1000)
		s.Restore(doc)
		first := page(t, s.Document("", "", now))
		doc, err = report.Parse(first)
		require.NoError(t, err, "what was read back can be read back")
		again := report.NewStore(1000)
		require.Zero(t, again.Restore(doc))
		require.Len(t, again.Document("", "", now).Findings, len(doc.Findings))
	})
}

// Whatever stands in the data, the page has one data block, one script, and no
// markup of somebody else.
func TestHostileTextsStayInTheData(t *testing.T) {
	doc := document(reporttest.HostileDetections())
	doc.Title = reporttest.Hostile[0]
	doc.Add(&report.Run{
		Logs: reporttest.Hostile[1], Warning: slices.Clone(reporttest.Hostile),
		Unread: []report.Unread{{Path: reporttest.Hostile[5], Error: reporttest.Hostile[6]}},
	})
	out := string(page(t, doc))
	require.Equal(t, 2, strings.Count(out, "<script"))
	require.Equal(t, 2, strings.Count(out, "</script"))
	require.Equal(t, 1, strings.Count(out, "<style>"))
	for _, text := range []string{"<img", "<svg", "<!--", "\u2028", "\u2029", "\u202e", "\x00", "\x1b", "\xff"} {
		require.NotContains(t, out, text)
	}
	require.Contains(t, out, "<title>&lt;/script&gt;")
	require.NotRegexp(t, `(?i)<[a-z][^>]*\son[a-z]+=`, strings.SplitN(out, "<script>", 2)[0], "no listener in the markup")
}

func TestPolicyAllowsOnlyWhatIsThere(t *testing.T) {
	out := string(page(t, document(nil)))
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(out)[1]
	require.Contains(t, policy, "default-src 'none'; script-src 'sha256-")
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, out, "http://www.w3.org/1999/xhtml")
	for _, m := range regexp.MustCompile(`(?:src|href|url)\s*[=(]\s*["']?[a-z]+:`).FindAllString(out, -1) {
		t.Errorf("the page refers to something: %s", m)
	}
}
