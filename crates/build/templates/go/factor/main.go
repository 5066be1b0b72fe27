// A second factor: send the user to a prompt site, take a signed result back, and record the factor in the session.
package main

import (
	"errors"

	postlude "github.com/postlude/postlude/sdk/go"
)

// {{Name}} is the plugin.
type {{Name}} struct{}

func init() { postlude.Register({{Name}}{}) }

func main() {}

// OnLogin always redirects: the host skips the prompt while the factor's record is fresh. It signs the request token and appends it.
func ({{Name}}) OnLogin(cx *postlude.Context) (postlude.Decision, error) {
	var settings Settings
	if err := cx.Settings(&settings); err != nil {
		return nil, err
	}
	return &postlude.Redirect{
		URL:    settings.PromptURL,
		Factor: settings.Factor,
		Token:  &postlude.TokenRequest{Parameter: "request", Key: "partner", TTLSeconds: 600},
	}, nil
}

// OnContinue judges the result. The host has verified its signature, and that it is for this login and this user.
func ({{Name}}) OnContinue(cx *postlude.Context) (postlude.Decision, error) {
	var settings Settings
	if err := cx.Settings(&settings); err != nil {
		return nil, err
	}
	result, err := cx.Reply().Token()
	if err != nil {
		cx.Log().Warn("no proof of the factor: " + err.Error())
		return postlude.Deny("factor_not_proved", "The check could not be confirmed. Please try again."), nil
	}
	switch result.Verdict() {
	case "ok":
		evidence := map[string]string{"jti": result.Text("jti")}
		if err := cx.Session().RecordFactor(settings.Factor, evidence); err != nil {
			return nil, err
		}
		return postlude.Continue(), nil
	case "refused":
		return postlude.Deny("factor_refused", "The check was not passed."), nil
	default:
		return nil, postlude.Unavailable(errors.New("the prompt site gave no verdict"))
	}
}
