package promptsite

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"
)

const (
	setBytes   = 64 * 1024
	fetchLimit = 5 * time.Second
	// A request that names an unknown key fetches the set again, but not more often than this.
	fetchPause = 10 * time.Second
)

// KeySource gives the public key of this name; nil where there is none of that name, an error where nobody could say.
type KeySource func(ctx context.Context, kid string) (crypto.PublicKey, error)

// FetchKeys fetches the public keys of a tenant, and fetches them again where a request names one that is not known.
func FetchKeys(issuer string) KeySource {
	var lock sync.Mutex
	var known map[string]crypto.PublicKey
	var fetched time.Time
	client := &http.Client{Timeout: fetchLimit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(ctx context.Context, kid string) (crypto.PublicKey, error) {
		lock.Lock()
		defer lock.Unlock()
		if key, ok := known[kid]; ok || time.Since(fetched) < fetchPause {
			return key, nil
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/.well-known/jwks.json", nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the tenant's keys: %s", response.Status)
		}
		text, err := io.ReadAll(io.LimitReader(response.Body, setBytes))
		if err != nil {
			return nil, err
		}
		keys, err := ParseKeys(text)
		if err != nil {
			return nil, err
		}
		known, fetched = keys, time.Now()
		return known[kid], nil
	}
}

// ParseKeys reads a JWK set (RFC 7517): its keys for Ed25519 and P-256, by name.
func ParseKeys(text []byte) (map[string]crypto.PublicKey, error) {
	var set struct {
		Keys []struct{ Kty, Crv, Kid, X, Y string } `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("the tenant's keys: %w", err)
	}
	keys := map[string]crypto.PublicKey{}
	for _, key := range set.Keys {
		x, errX := base64.RawURLEncoding.DecodeString(key.X)
		y, errY := base64.RawURLEncoding.DecodeString(key.Y)
		if err := errors.Join(errX, errY); err != nil {
			return nil, fmt.Errorf("the tenant's key `%s`: %w", key.Kid, err)
		}
		switch {
		case key.Kty == "OKP" && key.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize:
			keys[key.Kid] = ed25519.PublicKey(x)
		case key.Kty == "EC" && key.Crv == "P-256" && len(x) == 32 && len(y) == 32:
			// The point must be on the curve.
			if _, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, x...), y...)); err != nil {
				return nil, fmt.Errorf("the tenant's key `%s`: %w", key.Kid, err)
			}
			keys[key.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
		}
	}
	return keys, nil
}
