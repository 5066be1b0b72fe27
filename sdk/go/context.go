package postlude

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/postlude/postlude/sdk/go/internal/host"
)

// Context is everything that an action can know or do, one method for each interface of the contract.
type Context struct{}

// Settings reads the action's settings, as the operator wrote them, into a struct.
func (*Context) Settings(into any) error {
	if err := json.Unmarshal([]byte(host.Settings()), into); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// Login is the login that this run belongs to.
func (*Context) Login() Login { return Login{} }

// Event is what the IdP told about this login.
func (*Context) Event() Event { return Event{} }

// Reply is what the browser brought back; empty in OnLogin.
func (*Context) Reply() Reply { return Reply{} }

// Session is the user's session, and the factors completed in it.
func (*Context) Session() Session { return Session{} }

// Redirect has state, continue URL, tokens and stash of a redirect.
func (*Context) Redirect() RedirectContext { return RedirectContext{} }

// Claims are claims and scopes of the tokens that the IdP issues.
func (*Context) Claims() Claims { return Claims{} }

// User is the user's metadata at the IdP.
func (*Context) User() User { return User{} }

// Cache is a small cache of the action's own.
func (*Context) Cache() Cache { return Cache{} }

// Secrets are secrets by name.
func (*Context) Secrets() Secrets { return Secrets{} }

// Keys is cryptography by named keys that stay in the host.
func (*Context) Keys() Keys { return Keys{} }

// HTTP makes outbound requests.
func (*Context) HTTP() HTTP { return HTTP{} }

// Log is the action's log.
func (*Context) Log() Log { return Log{} }

// Now is the host's clock, which stands still during a run.
func (*Context) Now() time.Time { return time.UnixMilli(int64(host.Now())) }

// Random gives cryptographically strong bytes, the same in a retry of the same step.
func (*Context) Random(n uint32) []byte { return host.Random(n) }

// decode reads JSON of the host.
func decode(text string, into any) error { return json.Unmarshal([]byte(text), into) }

// with encodes a value and hands it over.
func with(value any, hand func(text string) error) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return hand(string(text))
}
