package postlude

import (
	"encoding/json"

	"github.com/postlude/postlude/sdk/go/internal/host"
)

// Decision is what an action decided: Continue, Deny or a *Redirect.
type Decision interface{ answer() host.Answer }

type decided struct{ made host.Answer }

func (d decided) answer() host.Answer { return d.made }

// Continue lets the login go on. All that this run did is kept.
func Continue() Decision { return decided{} }

// Deny ends the login. The code has at most 64 characters a-z 0-9 _, the message, which the user may see, 256 bytes.
func Deny(code, message string) Decision {
	return decided{host.Answer{Denial: &host.Denial{Code: code, Message: message}}}
}

// Redirect sends the browser to a prompt; it comes back to OnContinue.
type Redirect struct {
	// URL is an absolute https URL of a granted origin, at most 2,048 bytes with all that the host appends.
	URL string
	// Query is appended to the URL.
	Query []Pair
	// Factor is the factor that the prompt is for: while its record is fresh the host skips the prompt. May be empty.
	Factor string
	// Token asks the host to sign a request token and append it.
	Token *TokenRequest
}

// Pair is a name and its value.
type Pair = host.Pair

// TokenRequest asks for a token for the prompt site.
type TokenRequest struct {
	// Parameter is the query parameter that carries the token.
	Parameter string
	// Key is the key's name, as the manifest and the operator's configuration name it.
	Key string
	// Claims are the action's own; a value that encoding/json makes an object of, or nil.
	Claims any
	// TTLSeconds is the lifetime, 1 to 900.
	TTLSeconds uint32
}

func (r *Redirect) answer() host.Answer {
	to := &host.Redirect{URL: r.URL, Query: r.Query, Factor: r.Factor}
	if r.Token != nil {
		token, err := r.Token.request()
		if err != nil {
			return host.Answer{Failure: &host.Failure{Why: "the claims of the request token are no JSON: " + err.Error()}}
		}
		to.Token = &token
	}
	return host.Answer{Redirect: to}
}

func (t *TokenRequest) request() (host.TokenRequest, error) {
	claims := "{}"
	if t.Claims != nil {
		text, err := json.Marshal(t.Claims)
		if err != nil {
			return host.TokenRequest{}, err
		}
		claims = string(text)
	}
	return host.TokenRequest{Parameter: t.Parameter, Key: t.Key, Claims: claims, TTLSeconds: t.TTLSeconds}, nil
}
