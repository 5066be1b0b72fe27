// Package host is the contract as the SDK calls it: in a component the host's functions, elsewhere a stand-in.
package host

// Error is why the host refused.
type Error struct {
	// Code is the case's name in the contract, such as "not-granted".
	Code string
	// Detail says more, for the log; may be empty.
	Detail string
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Code
	}
	return e.Code + ": " + e.Detail
}

// Pair is a name and its value.
type Pair struct{ Name, Value string }

// TokenRequest asks for a request token.
type TokenRequest struct {
	Parameter, Key, Claims string
	TTLSeconds             uint32
}

// Redirect is where to send the browser.
type Redirect struct {
	URL    string
	Query  []Pair
	Factor string
	Token  *TokenRequest
}

// Denial is why the login ends.
type Denial struct{ Code, Message string }

// Answer is a decision: a redirect, a denial, a failure, or, where all are nil, continue.
type Answer struct {
	Redirect *Redirect
	Denial   *Denial
	Failure  *Failure
}

// Failure is why no decision was made.
type Failure struct {
	Why         string
	Unavailable bool
}

// Request is an HTTP request, Response what came of it.
type Request struct {
	Method, URL string
	Headers     []Pair
	Body        []byte
}

// Response is an HTTP response.
type Response struct {
	Status  uint16
	Headers []Pair
	Body    []byte
}

// Guest is what the component's exports call.
var Guest struct{ OnLogin, OnContinue func() Answer }
