package postlude

import "github.com/postlude/postlude/sdk/go/internal/host"

// RedirectContext is what surrounds a redirect. To redirect, return a *Redirect.
type RedirectContext struct{}

// State is the state of the suspension that this run would make, for a partner whose own signed request carries it.
func (RedirectContext) State() string { return host.State() }

// ContinueURL is the tenant's public continue URL, without a query.
func (RedirectContext) ContinueURL() string { return host.ContinueURL() }

// EncodeToken makes a request token for the suspension that this run would make. Most actions let the host append it.
func (RedirectContext) EncodeToken(request TokenRequest) (string, error) {
	wanted, err := request.request()
	if err != nil {
		return "", err
	}
	return host.EncodeToken(wanted)
}

// ValidateToken gives the claims of a result token of the reply, verified by the named key.
func (RedirectContext) ValidateToken(key, parameter string) (Token, error) {
	text, err := host.ValidateToken(key, parameter)
	if err != nil {
		return nil, err
	}
	var token Token
	return token, decode(text, &token)
}

// Stash puts a value aside with the redirect of this run, for this action's OnContinue alone. At most 4,096 bytes.
func (RedirectContext) Stash(value any) error { return with(value, host.Stash) }
