package postlude

import "github.com/postlude/postlude/sdk/go/internal/host"

// Event is what the IdP told about this login, as far as the operator granted it.
type Event struct{}

// Get reads the part at a JSON pointer (RFC 6901) and tells whether the IdP sent one. The empty pointer is the whole document.
func (Event) Get(pointer string, into any) (bool, error) {
	text, found, err := host.Event(pointer)
	if err != nil || !found {
		return false, err
	}
	return true, decode(text, into)
}

// Text is a string of the event; empty where it is absent or no string.
func (e Event) Text(pointer string) (string, error) {
	var value any
	_, err := e.Get(pointer, &value)
	text, _ := value.(string)
	return text, err
}

// Bool is a boolean of the event; false where it is absent or no boolean.
func (e Event) Bool(pointer string) (bool, error) {
	var value any
	_, err := e.Get(pointer, &value)
	is, _ := value.(bool)
	return is, err
}

// UserID is the user's identifier at the IdP.
func (e Event) UserID() (string, error) { return e.Text("/user/user_id") }

// Email is the user's email address; empty where there is none.
func (e Event) Email() (string, error) { return e.Text("/user/email") }

// EmailVerified tells whether the address is verified.
func (e Event) EmailVerified() (bool, error) { return e.Bool("/user/email_verified") }
