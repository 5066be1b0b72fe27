package postlude

import (
	"encoding/json"

	"github.com/postlude/postlude/sdk/go/internal/host"
)

// Secrets are secrets by name.
type Secrets struct{}

// Get is the secret's value.
func (Secrets) Get(name string) (string, error) { return host.Secret(name) }

// Keys is cryptography by named keys that stay in the host.
type Keys struct{}

// HMAC is HMAC-SHA-256 (RFC 2104) of the data.
func (Keys) HMAC(key string, data []byte) ([]byte, error) { return host.HMAC(key, data) }

// SignJWT makes a compact JWS of the claims. The header has extra parameters; may be nil.
func (Keys) SignJWT(key string, header, claims any) (string, error) {
	extra := "{}"
	if header != nil {
		text, err := json.Marshal(header)
		if err != nil {
			return "", err
		}
		extra = string(text)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return host.SignJWT(key, extra, string(text))
}

// VerifyJWT reads the claims of a compact JWS, once its signature verifies.
func (Keys) VerifyJWT(key, token string, claims any) error {
	text, err := host.VerifyJWT(key, token)
	if err != nil {
		return err
	}
	return decode(text, claims)
}

// HTTP makes requests to hosts that the operator granted, at most 8 in a run.
type HTTP struct{}

// Request is an HTTP request. Host, length, connection and proxy headers are the host's own and refused.
type Request = host.Request

// Response is an HTTP response. Redirects are not followed, content is not decoded.
type Response = host.Response

// Send sends one request. No answer within 2 seconds is an error.
func (HTTP) Send(request Request) (Response, error) { return host.Send(request) }
