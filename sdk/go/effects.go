package postlude

import "github.com/postlude/postlude/sdk/go/internal/host"

// Claims are what the tokens that the IdP issues will say.
type Claims struct{}

// SetIDToken sets a claim of the ID token.
func (Claims) SetIDToken(name string, value any) error {
	return with(value, func(text string) error { return host.SetIDToken(name, text) })
}

// SetAccessToken sets a claim of the access token.
func (Claims) SetAccessToken(name string, value any) error {
	return with(value, func(text string) error { return host.SetAccessToken(name, text) })
}

// AddScope asks for a scope to be added to the access token.
func (Claims) AddScope(name string) error { return host.AddScope(name) }

// RemoveScope asks for a scope to be removed from the access token.
func (Claims) RemoveScope(name string) error { return host.RemoveScope(name) }

// User is the user's metadata at the IdP.
type User struct{}

// SetAppMetadata sets a key of the user's app metadata.
func (User) SetAppMetadata(key string, value any) error {
	return with(value, func(text string) error { return host.SetAppMetadata(key, &text) })
}

// RemoveAppMetadata removes a key.
func (User) RemoveAppMetadata(key string) error { return host.SetAppMetadata(key, nil) }

// SetUserMetadata sets a key of the user's own metadata.
func (User) SetUserMetadata(key string, value any) error {
	return with(value, func(text string) error { return host.SetUserMetadata(key, &text) })
}

// RemoveUserMetadata removes a key.
func (User) RemoveUserMetadata(key string) error { return host.SetUserMetadata(key, nil) }

// Cache is a small cache of the action's own, over all logins of the tenant. Best effort, not encrypted.
type Cache struct{}

// Get reads a value, and tells whether there is one.
func (Cache) Get(key string, into any) (bool, error) {
	text, found, err := host.CacheGet(key)
	if err != nil || !found {
		return false, err
	}
	return true, decode(text, into)
}

// Set stores a value for 1 to 86,400 seconds.
func (Cache) Set(key string, value any, ttlSeconds uint32) error {
	return with(value, func(text string) error { return host.CacheSet(key, text, ttlSeconds) })
}

// Delete forgets a key.
func (Cache) Delete(key string) error { return host.CacheDelete(key) }

// Log is the action's log, kept with the login record.
type Log struct{}

// Debug adds a line for the plugin's author, with pairs of names and values.
func (Log) Debug(message string, fields ...Pair) { host.Log(0, message, fields) }

// Info adds a line that says what happened.
func (Log) Info(message string, fields ...Pair) { host.Log(1, message, fields) }

// Warn adds a line that the operator may want to look at.
func (Log) Warn(message string, fields ...Pair) { host.Log(2, message, fields) }

// Error adds a line that the operator should look at.
func (Log) Error(message string, fields ...Pair) { host.Log(3, message, fields) }
