// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package attr has the names of the attributes and events that the components
// read and write, each once. It imports nothing.
package attr

// OpenTelemetry semantic conventions.
const (
	ClientAddress             = "client.address"
	HostName                  = "host.name"
	HTTPRequestHeaderReferer  = "http.request.header.referer"
	HTTPRequestMethod         = "http.request.method"
	HTTPRequestMethodOriginal = "http.request.method_original" // where the method is none of the well-known ones
	HTTPResponseSize          = "http.response.size"
	HTTPResponseStatusCode    = "http.response.status_code"
	LogFileName               = "log.file.name"
	LogFilePath               = "log.file.path"
	LogRecordUID              = "log.record.uid"
	NetworkLocalAddress       = "network.local.address"
	ServerAddress             = "server.address"
	ServerPort                = "server.port"
	URLPath                   = "url.path"
	URLQuery                  = "url.query"
	UserAgentOriginal         = "user_agent.original"
	UserName                  = "user.name"
)

// What IIS logs and the conventions have no name for.
const (
	IISPage       = "iis.page"        // the file that url.path asks for, see internal/page
	IISParseError = "iis.parse_error" // why a line could not be read
	IISSite       = "iis.site"        // s-sitename, such as W3SVC1
)

// Event names: of a detection, and of what a reader tells of its reading.
const (
	EventRareClient = "iishunt.rare_client"
	EventCorrection = "iishunt.rare_client.correction" // of a detection that was given out
	EventFlood      = "iishunt.rare_client.flood"      // a few clients took all the room of the detector
	EventWindow     = "iishunt.window"                 // what became of an evaluated window
	EventProgress   = "iishunt.progress"
)

// A progress, see internal/progress.
const (
	ProgressSender       = "iishunt.sender"
	ProgressRun          = "iishunt.run"
	ProgressRunNumber    = "iishunt.run_number"
	ProgressHost         = "iishunt.host"
	ProgressComponent    = "iishunt.component"
	ProgressProcess      = "iishunt.process"
	ProgressReceivers    = "iishunt.receivers"
	ProgressResumed      = "iishunt.resumed"
	ProgressSeq          = "iishunt.seq"
	ProgressBase         = "iishunt.base"
	ProgressPart         = "iishunt.part"
	ProgressParts        = "iishunt.parts"
	ProgressState        = "iishunt.state"
	ProgressStarted      = "iishunt.started"
	ProgressReadUntil    = "iishunt.read_until"
	ProgressSince        = "iishunt.since"
	ProgressOldestUnread = "iishunt.oldest_unread"
	ProgressBehind       = "iishunt.behind_ms"
	ProgressMatch        = "iishunt.match"
	ProgressFiles        = "iishunt.files"  // a list of maps
	ProgressUnread       = "iishunt.unread" // a list of maps
	ProgressLost         = "iishunt.lost"   // a list of maps
)

// A detection.
const (
	DetectionAnsweredCount       = "detection.answered_count"
	DetectionAnswerLargest       = "detection.answer.largest" // bytes; of answers to requests that send something
	DetectionAnswerSized         = "detection.answer.sized_count"
	DetectionAnswerSmallest      = "detection.answer.smallest" // bytes
	DetectionClientCount         = "detection.client_count"
	DetectionClosedBy            = "detection.closed_by"
	DetectionClients             = "detection.clients"
	DetectionClientPrefixes      = "detection.client_prefixes"
	DetectionComplete            = "detection.complete"
	DetectionCountedAttribute    = "detection.counted.attribute"
	DetectionCountedValues       = "detection.counted.values"
	DetectionDayCount            = "detection.day_count" // UTC days with a request
	DetectionEvidence            = "detection.evidence"  // a list of maps, with the keys below
	DetectionFailedCount         = "detection.failed_count"
	DetectionFirstSeen           = "detection.first_seen"
	DetectionHistoryStart        = "detection.history.start"
	DetectionHourCount           = "detection.hour_count" // hours of the day with a request
	DetectionHosts               = "detection.hosts"
	DetectionID                  = "detection.id"
	DetectionIncompleteReasons   = "detection.incomplete_reasons"
	DetectionLastSeen            = "detection.last_seen"
	DetectionMethods             = "detection.methods"
	DetectionNew                 = "detection.new"
	DetectionPageCount           = "detection.page_count" // of a flood, about
	DetectionPageClientCount     = "detection.page.client_count"
	DetectionPageMore            = "detection.page.more"
	DetectionPaths               = "detection.paths"
	DetectionRefererForeignCount = "detection.referer.foreign_count"
	DetectionRefererLogged       = "detection.referer.logged"
	DetectionRefererMissingCount = "detection.referer.missing_count"
	DetectionRefererSelfCount    = "detection.referer.self_count"
	DetectionRequestCount        = "detection.request_count"
	DetectionScore               = "detection.score"
	DetectionSendingCount        = "detection.sending_count" // requests that send something
	DetectionShortened           = "detection.shortened"     // evidence, or texts and lists, were left out to make it smaller
	DetectionSignals             = "detection.signals"
	DetectionSenderCount         = "detection.sender_count"         // that vouch for the window
	DetectionSendersBehind       = "detection.senders_behind"       // up to three that do not
	DetectionSendersBehindCount  = "detection.senders_behind_count" // all that do not
	DetectionServerAddresses     = "detection.server_addresses"
	DetectionStatus              = "detection.status"    // of a correction: StatusWithdrawn or StatusChanged
	DetectionLateTime            = "detection.late_time" // of a correction: when the request that was missed came
	DetectionSites               = "detection.sites"
	DetectionWindowEnd           = "detection.window.end"
	DetectionWindowStart         = "detection.window.start"
)

// What a correction says of a detection.
const (
	StatusWithdrawn = "withdrawn" // it was none
	StatusChanged   = "changed"   // it has a client more
)

// A window record, with times, completeness and senders as in a detection.
const (
	WindowCount      = "window.count" // of windows that it stands for: more than 1 where nothing was seen in any
	WindowRecords    = "window.request_count"
	WindowMatched    = "window.matched_count"
	WindowExcluded   = "window.excluded_count"
	WindowDropped    = "window.dropped" // a map by match stage
	WindowGroups     = "window.group_count"
	WindowSettled    = "window.settled_count"
	WindowFindings   = "window.finding_count"
	WindowSuppressed = "window.suppressed_count"
	WindowBeyond     = "window.beyond_max_groups_count" // requests for which max_groups left no room
)

// The keys of a sample request in DetectionEvidence.
const (
	EvidenceBytes   = "bytes"
	EvidenceClient  = "client"
	EvidenceFile    = "file"
	EvidenceMethod  = "method"
	EvidencePath    = "path"
	EvidenceQuery   = "query"
	EvidenceReferer = "referer"
	EvidenceStatus  = "status"
	EvidenceTime    = "time"
	EvidenceUser    = "user"
)

// The rule of a detection, and what it is a sign of (ECS has threat.*).
const (
	SecurityRuleCategory    = "security_rule.category"
	SecurityRuleDescription = "security_rule.description"
	SecurityRuleName        = "security_rule.name"
	SecurityRuleReference   = "security_rule.reference"
	SecurityRuleUUID        = "security_rule.uuid"
	SecurityRuleVersion     = "security_rule.version"

	ThreatFramework          = "threat.framework"
	ThreatTacticID           = "threat.tactic.id"
	ThreatTacticName         = "threat.tactic.name"
	ThreatTacticReference    = "threat.tactic.reference"
	ThreatTechniqueID        = "threat.technique.id"
	ThreatTechniqueName      = "threat.technique.name"
	ThreatTechniqueReference = "threat.technique.reference"
)

// The beginnings of names that only detections have, so that no rule groups by them.
const (
	FamilyDetection    = "detection."
	FamilyLogRecord    = "log.record."
	FamilySecurityRule = "security_rule."
	FamilyThreat       = "threat."
)
