// Package postlude is the IdP's side of Postlude, of the standard library alone: copy it into your IdP.
//
// Every error means "deny": there is no path on which a caller that lets an error end the login would issue a token. An answer
// is returned only when it is whole, is about the login that was asked about, and its outcome is one that this package knows.
package postlude

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	defaultDeadline = 5 * time.Second
	retryPause      = 150 * time.Millisecond
	answerBytes     = 1 << 20
)

// Error says why Postlude gave no usable answer.
type Error struct {
	// Code is Postlude's own stable code where there is one.
	Code string
	// Status is the HTTP status; 0 where there was no answer.
	Status  int
	Message string
	Cause   error
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Cause }

// Client calls one Postlude as one tenant. It may be used by many goroutines.
type Client struct {
	base     string
	apiKey   string
	deadline time.Duration
	http     *http.Client
}

// New makes a client. base is the URL of Postlude's API listener, apiKey a key of the role idp, deadline for a call with its
// retry (5 seconds if 0), transport how it is sent (http.DefaultTransport if nil).
func New(base, apiKey string, deadline time.Duration, transport http.RoundTripper) (*Client, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return nil, fmt.Errorf("`%s` is no URL of Postlude", base)
	}
	if deadline == 0 {
		deadline = defaultDeadline
	}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		base: strings.TrimSuffix(base, "/"), apiKey: apiKey, deadline: deadline,
		http: &http.Client{Transport: transport, CheckRedirect: noRedirect},
	}, nil
}

// IdempotencyKey is the key of one user's passage through one transaction: an account switch is another login.
func IdempotencyKey(transactionID, userID string) string {
	hash := sha256.Sum256([]byte(userID))
	return transactionID + "." + base64.RawURLEncoding.EncodeToString(hash[:])
}

// Login is what is asked about.
type Login struct {
	// TransactionID is the IdP's own transaction, which one browser's cookie finds.
	TransactionID string
	// Event is what the IdP tells about the login: an object with user.user_id and client.client_id.
	Event Event
	// Mode is interactive where it is empty, and needs ReturnURL then.
	Mode      Mode
	ReturnURL string
}

// Mode says whether there is a browser.
type Mode string

// The modes. Only the first can be sent to a prompt.
const (
	Interactive Mode = "interactive"
	Silent      Mode = "silent"
	Refresh     Mode = "refresh"
	Password    Mode = "password"
)

// StartLogin asks whether the login may go on, once primary authentication has succeeded; for every login, silent ones too.
func (client *Client) StartLogin(ctx context.Context, login Login) (*Answer, error) {
	about, err := login.Event.subject()
	if err != nil {
		return nil, err
	}
	mode := login.Mode
	if mode == "" {
		mode = Interactive
	}
	body := struct {
		Trigger   string `json:"trigger"`
		Mode      Mode   `json:"mode"`
		ReturnURL string `json:"return_url,omitempty"`
		Event     Event  `json:"event"`
	}{"post-login", mode, login.ReturnURL, login.Event}
	text, err := client.call(ctx, http.MethodPost, "/v1/logins", body, IdempotencyKey(login.TransactionID, about.UserID))
	if err != nil {
		return nil, err
	}
	return readAnswer(text, about)
}

// ContinueLogin asks whether the login may go on now that the browser is back. pending is what the IdP found in its own
// transaction by that browser's cookie; its session is sent, whatever session the browser has by now.
func (client *Client) ContinueLogin(ctx context.Context, pending Pending, reply string, event Event) (*Answer, error) {
	event = event.withSession(pending.Subject.SessionID)
	about, err := event.subject()
	if err != nil {
		return nil, err
	}
	body := struct {
		ResumeKey string `json:"resume_key"`
		Reply     string `json:"reply"`
		Event     Event  `json:"event"`
	}{pending.ResumeKey, reply, event}
	text, err := client.call(ctx, http.MethodPost, "/v1/logins/"+url.PathEscape(pending.LoginID)+"/continue", body, "")
	if err != nil {
		return nil, err
	}
	answer, err := readAnswer(text, about)
	if err == nil && answer.LoginID != pending.LoginID {
		return nil, &Error{Code: "wrong_login", Message: "the answer is about another login"}
	}
	return answer, err
}

// GetLogin gives the outcome again, for claims that are issued later and elsewhere: compare its subject with what you ask about.
func (client *Client) GetLogin(ctx context.Context, loginID string) (json.RawMessage, error) {
	return client.call(ctx, http.MethodGet, "/v1/logins/"+url.PathEscape(loginID), nil, "")
}

// EndSession is the logout: it forgets the session's factors and ends its suspended logins.
func (client *Client) EndSession(ctx context.Context, id string) error {
	_, err := client.call(ctx, http.MethodPost, "/v1/sessions/end", map[string]string{"id": id}, "")
	return err
}

// RotateSession says that the IdP changed a session's id.
func (client *Client) RotateSession(ctx context.Context, id, to string) error {
	_, err := client.call(ctx, http.MethodPost, "/v1/sessions/rotate", map[string]string{"id": id, "to": to}, "")
	return err
}

// call makes one request and at most one retry, with the same key and the same bytes, so that nothing runs twice.
func (client *Client) call(ctx context.Context, method, path string, body any, key string) (json.RawMessage, error) {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return nil, &Error{Code: "invalid_event", Message: "the event cannot be written as JSON", Cause: err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, client.deadline)
	defer cancel()
	// A first attempt that hangs leaves half for the second.
	status, text, err := client.once(ctx, client.deadline/2, method, path, sent, key)
	if err != nil || status == 502 || status == 503 || status == 504 {
		select {
		case <-time.After(retryPause):
			status, text, err = client.once(ctx, client.deadline, method, path, sent, key)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	what := method + " " + path
	if err != nil {
		return nil, &Error{Code: "unavailable", Message: fmt.Sprintf("%s: no answer in two attempts and at most %s", what, client.deadline), Cause: err}
	}
	return parse(what, status, text)
}

func (client *Client) once(ctx context.Context, limit time.Duration, method, path string, sent []byte, key string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, client.base+path, bytes.NewReader(sent))
	if err != nil {
		return 0, nil, err
	}
	// The transport would send a request with an idempotency key again by itself: attempts are counted here.
	request.GetBody = nil
	request.Header.Set("Authorization", "Bearer "+client.apiKey)
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := client.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerBytes+1))
	if err == nil && len(text) > answerBytes {
		err = errors.New("the answer is longer than any of Postlude's")
	}
	return response.StatusCode, text, err
}

func parse(what string, status int, text []byte) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return nil, &Error{Code: "not_json", Status: status, Message: fmt.Sprintf("%s gave %d without a JSON object", what, status), Cause: err}
	}
	if status >= 200 && status < 300 {
		return text, nil
	}
	var problem struct{ Code, Title, Detail string }
	_ = json.Unmarshal(text, &problem)
	if problem.Code == "" {
		problem.Code = "refused"
	}
	message := fmt.Sprintf("%s gave %d %s: %s", what, status, problem.Code, problem.Detail)
	return nil, &Error{Code: problem.Code, Status: status, Message: message}
}
