// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package attr

import (
	"testing"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// The names that claim to be of the semantic conventions are theirs.
func TestNamesAreThoseOfTheConventions(t *testing.T) {
	for ours, theirs := range map[string]string{
		ClientAddress:             string(semconv.ClientAddressKey),
		HostName:                  string(semconv.HostNameKey),
		HTTPRequestHeaderReferer:  string(semconv.HTTPRequestHeader("referer").Key),
		HTTPRequestMethod:         string(semconv.HTTPRequestMethodKey),
		HTTPRequestMethodOriginal: string(semconv.HTTPRequestMethodOriginalKey),
		HTTPResponseSize:          string(semconv.HTTPResponseSizeKey),
		HTTPResponseStatusCode:    string(semconv.HTTPResponseStatusCodeKey),
		LogFileName:               string(semconv.LogFileNameKey),
		LogFilePath:               string(semconv.LogFilePathKey),
		LogRecordUID:              string(semconv.LogRecordUIDKey),
		NetworkLocalAddress:       string(semconv.NetworkLocalAddressKey),
		ServerAddress:             string(semconv.ServerAddressKey),
		ServerPort:                string(semconv.ServerPortKey),
		URLPath:                   string(semconv.URLPathKey),
		URLQuery:                  string(semconv.URLQueryKey),
		UserAgentOriginal:         string(semconv.UserAgentOriginalKey),
		UserName:                  string(semconv.UserNameKey),
		SecurityRuleCategory:      string(semconv.SecurityRuleCategoryKey),
		SecurityRuleDescription:   string(semconv.SecurityRuleDescriptionKey),
		SecurityRuleName:          string(semconv.SecurityRuleNameKey),
		SecurityRuleReference:     string(semconv.SecurityRuleReferenceKey),
		SecurityRuleUUID:          string(semconv.SecurityRuleUUIDKey),
		SecurityRuleVersion:       string(semconv.SecurityRuleVersionKey),
	} {
		if ours != theirs {
			t.Errorf("%q; the convention is %q", ours, theirs)
		}
	}
}
