package postlude

import (
	"encoding/json"
	"fmt"
	"maps"
)

// Event is what the IdP tells about a login: any JSON object with user.user_id and client.client_id, and session.id unless the
// login is the session's first.
type Event map[string]any

// Subject is whom an answer is about.
type Subject struct {
	UserID    string `json:"user_id"`
	ClientID  string `json:"client_id"`
	SessionID string `json:"session_id"`
}

func (event Event) subject() (about Subject, err error) {
	var members struct {
		User struct {
			ID string `json:"user_id"`
		}
		Client struct {
			ID string `json:"client_id"`
		}
		Session struct{ ID string }
	}
	text, err := json.Marshal(event)
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	about = Subject{members.User.ID, members.Client.ID, members.Session.ID}
	if err != nil || about.UserID == "" || about.ClientID == "" {
		return about, &Error{Code: "invalid_event", Message: "the event has no `user.user_id` or no `client.client_id`", Cause: err}
	}
	return about, nil
}

func (event Event) withSession(id string) Event {
	event = maps.Clone(event)
	delete(event, "session")
	if id != "" {
		event["session"] = map[string]string{"id": id}
	}
	return event
}

// Outcome is what came of a login.
type Outcome string

// The outcomes. Only after Continue are there an SSO session and tokens.
const (
	Continue            Outcome = "continue"
	Redirect            Outcome = "redirect"
	Deny                Outcome = "deny"
	InteractionRequired Outcome = "interaction_required"
)

// Answer is what Postlude answered about the login that was asked about.
type Answer struct {
	LoginID string   `json:"login_id"`
	Outcome Outcome  `json:"outcome"`
	Subject Subject  `json:"subject"`
	Session *Session `json:"session"`

	// After Redirect: send the browser to Location by 303, and keep Pending in the login's own transaction.
	Location  string `json:"location"`
	ResumeKey string `json:"resume_key"`
	ExpiresAt string `json:"expires_at"`

	// After Continue: for the tokens of this login.
	AMR               []string                   `json:"amr"`
	IDTokenClaims     map[string]json.RawMessage `json:"id_token_claims"`
	AccessTokenClaims map[string]json.RawMessage `json:"access_token_claims"`
	Scopes            *Scopes                    `json:"scopes"`

	// After Deny, and Action after InteractionRequired.
	Action  string `json:"action"`
	Code    string `json:"code"`
	Message string `json:"message"`

	UserUpdates json.RawMessage `json:"user_updates"`
	// IDPRequests is what the IdP shall do: deny at an entry that it cannot carry out.
	IDPRequests []json.RawMessage `json:"idp_requests"`
	Actions     json.RawMessage   `json:"actions"`
}

// Session is Postlude's session: keep its id with the SSO session, on the server.
type Session struct {
	ID      string `json:"id"`
	Factors []struct {
		Name        string `json:"name"`
		CompletedAt string `json:"completed_at"`
		ExpiresAt   string `json:"expires_at"`
	} `json:"factors"`
}

// Scopes is what the access token of this login gains and loses.
type Scopes struct {
	Add    []string `json:"add"`
	Remove []string `json:"remove"`
}

// Pending is what the IdP keeps of a redirect, on the server, in the login's own transaction.
type Pending struct {
	LoginID   string  `json:"login_id"`
	ResumeKey string  `json:"resume_key"`
	Subject   Subject `json:"subject"`
}

// Pending is what to keep of this answer, which is a redirect.
func (answer *Answer) Pending() Pending {
	return Pending{answer.LoginID, answer.ResumeKey, answer.Subject}
}

// readAnswer refuses an answer that is about someone else, or that this IdP does not understand.
func readAnswer(text json.RawMessage, about Subject) (*Answer, error) {
	var answer Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, &Error{Code: "incomplete", Message: "a member of the answer is not of its kind", Cause: err}
	}
	switch answer.Outcome {
	case Continue, Redirect, Deny, InteractionRequired:
	case "ended": // from outside: a logout, a revocation, too many open logins
		code := answer.Code
		if code == "" {
			code = "ended"
		}
		return nil, &Error{Code: code, Message: "the login was ended before it was answered"}
	default:
		return nil, &Error{Code: "unknown_outcome", Message: fmt.Sprintf("postlude answered an outcome of `%s`", answer.Outcome)}
	}
	sameSession := about.SessionID == "" || about.SessionID == answer.Subject.SessionID
	if about.UserID != answer.Subject.UserID || about.ClientID != answer.Subject.ClientID || !sameSession {
		return nil, &Error{Code: "wrong_subject", Message: "the answer is about another user, client or session"}
	}
	if missing := answer.missing(); missing != "" {
		return nil, &Error{Code: "incomplete", Message: fmt.Sprintf("`%s` without `%s`", answer.Outcome, missing)}
	}
	return &answer, nil
}

// missing is what the answer should have and has not: an IdP that took it for nothing would grant more than was said.
func (answer *Answer) missing() string {
	switch {
	case answer.LoginID == "":
		return "login_id"
	case answer.IDPRequests == nil:
		return "idp_requests"
	case answer.Outcome == Redirect && answer.ResumeKey == "":
		return "resume_key"
	case answer.Outcome == Redirect && answer.Location == "":
		return "location"
	case answer.Outcome != Continue:
		return ""
	case answer.AMR == nil:
		return "amr"
	case answer.IDTokenClaims == nil:
		return "id_token_claims"
	case answer.AccessTokenClaims == nil:
		return "access_token_claims"
	case answer.Scopes == nil || answer.Scopes.Add == nil || answer.Scopes.Remove == nil:
		return "scopes"
	}
	return ""
}
