package postlude

import "github.com/postlude/postlude/sdk/go/internal/host"

// Login is the login that this run belongs to.
type Login struct{}

// ID is the login's identifier, the same in every run of the login.
func (Login) ID() string { return host.LoginID() }

// RunID is the identifier of this step, the same in a retry of it: an idempotency key.
func (Login) RunID() string { return host.RunID() }

// Mode is "interactive", "silent", "refresh" or "password".
func (Login) Mode() string { return host.Mode() }

// CanRedirect tells whether a redirect can reach a browser.
func (Login) CanRedirect() bool { return host.CanRedirect() }

// Metadata reads a value that an action of this login put aside, and tells whether there is one.
func (Login) Metadata(key string, into any) (bool, error) {
	text, found := host.LoginMetadata(key)
	if !found {
		return false, nil
	}
	return true, decode(text, into)
}

// SetMetadata puts a value aside for the later runs of this login, of this and of later actions.
func (Login) SetMetadata(key string, value any) error {
	return with(value, func(text string) error { return host.SetLoginMetadata(key, &text) })
}

// RemoveMetadata removes a value.
func (Login) RemoveMetadata(key string) error { return host.SetLoginMetadata(key, nil) }
