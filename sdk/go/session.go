package postlude

import "github.com/postlude/postlude/sdk/go/internal/host"

// Session is the user's session at the IdP, and the factors completed in it.
type Session struct{}

// Factor is the record of a factor.
type Factor struct {
	Name string `json:"name"`
	// CompletedAt is in milliseconds since 1970.
	CompletedAt int64 `json:"completed_at"`
	Fresh       bool  `json:"fresh"`
}

// RecordFactor records that the user completed the factor now, by the host's clock. Evidence becomes a JSON object for the audit
// trail, at most 2,048 bytes; may be nil.
func (Session) RecordFactor(name string, evidence any) error {
	if evidence == nil {
		return host.RecordFactor(name, nil)
	}
	return with(evidence, func(text string) error { return host.RecordFactor(name, &text) })
}

// Factors are the session's records of the factors that this action declares.
func (Session) Factors() ([]Factor, error) {
	var factors []Factor
	return factors, decode(host.Factors(), &factors)
}

// Freshness is "fresh", "stale" or "absent", by the operator's policy and the host's clock.
func (Session) Freshness(name string) (string, error) { return host.Freshness(name) }

// Metadata reads a value of the session, and tells whether there is one.
func (Session) Metadata(key string, into any) (bool, error) {
	text, found := host.SessionMetadata(key)
	if !found {
		return false, nil
	}
	return true, decode(text, into)
}

// SetMetadata sets a value of the session. Kept unless this run denies or fails.
func (Session) SetMetadata(key string, value any) error {
	return with(value, func(text string) error { return host.SetSessionMetadata(key, &text) })
}

// RemoveMetadata removes a value.
func (Session) RemoveMetadata(key string) error { return host.SetSessionMetadata(key, nil) }
