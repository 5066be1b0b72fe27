package postlude

import "github.com/postlude/postlude/sdk/go/internal/host"

// Reply is what the browser brought back from the prompt. Empty in OnLogin.
type Reply struct{}

// Method is "GET" or "POST"; empty in OnLogin.
func (Reply) Method() string { return host.ReplyMethod() }

// Query is the query of the request to the continue URL, without state.
func (Reply) Query() []Pair { return host.ReplyQuery() }

// Form is the form of a POST; else empty.
func (Reply) Form() []Pair { return host.ReplyForm() }

// Parameter is the first value of a parameter; one of the form wins over one of the query.
func (r Reply) Parameter(name string) (string, bool) {
	for _, pair := range append(r.Form(), r.Query()...) {
		if pair.Name == name {
			return pair.Value, true
		}
	}
	return "", false
}

// Token is the claims of the result token, which the host verified before this run as the manifest's result says.
func (Reply) Token() (Token, error) {
	text, err := host.ReplyToken()
	if err != nil {
		return nil, err
	}
	var token Token
	return token, decode(text, &token)
}

// Stash reads what this action put aside when it sent the browser away, and tells whether there is something.
func (Reply) Stash(into any) (bool, error) {
	text, found := host.ReplyStash()
	if !found {
		return false, nil
	}
	return true, decode(text, into)
}

// Token is the claims of a verified result token.
type Token map[string]any

// Text is a claim that is a string; empty where it is none.
func (t Token) Text(name string) string {
	text, _ := t[name].(string)
	return text
}

// Verdict is "ok", "refused" or "error"; empty where the token has none of these.
func (t Token) Verdict() string {
	switch verdict := t.Text("verdict"); verdict {
	case "ok", "refused", "error":
		return verdict
	default:
		return ""
	}
}
