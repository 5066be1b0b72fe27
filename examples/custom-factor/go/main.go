// A second factor on a partner's own prompt site: send the user there with a signed request, take a signed result back, and record
// the factor in the session.
package main

import (
	"errors"

	postlude "github.com/postlude/postlude/sdk/go"
)

// Settings is what the operator sets; the manifest's schema is the contract.
type Settings struct {
	PromptURL string `json:"prompt_url"`
	Factor    string `json:"factor"`
	Profile   string `json:"profile"`
	Claim     string `json:"claim"`
}

// CustomFactor is the plugin.
type CustomFactor struct{}

func init() { postlude.Register(CustomFactor{}) }

func main() {}

// OnLogin always redirects: the host skips the prompt while the record is fresh, and answers interaction_required where no browser
// can be redirected.
func (CustomFactor) OnLogin(cx *postlude.Context) (postlude.Decision, error) {
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

// OnContinue judges what the prompt site says.
func (CustomFactor) OnContinue(cx *postlude.Context) (postlude.Decision, error) {
	var settings Settings
	if err := cx.Settings(&settings); err != nil {
		return nil, err
	}
	result, err := cx.Reply().Token()
	if err != nil {
		cx.Log().Warn("no proof of the factor: " + err.Error())
		return postlude.Deny("factor_not_proved", "The additional check could not be confirmed. Please try again."), nil
	}
	verdict := result.Verdict()
	// A token of profile auth0 that verified means yes unless its claim verdict says no; one that has a verdict which this version
	// does not know means nothing at all.
	if _, said := result["verdict"]; !said && settings.Profile == "auth0" {
		verdict = "ok"
	}
	switch verdict {
	case "ok":
		return completed(cx, settings, result)
	case "refused":
		return postlude.Deny("factor_refused", "The additional check was not passed."), nil
	case "error":
		return nil, postlude.Unavailable(errors.New("the prompt site reported an error"))
	default:
		return nil, errors.New("the result token has no verdict")
	}
}

func completed(cx *postlude.Context, settings Settings, result postlude.Token) (postlude.Decision, error) {
	var evidence any
	if jti := result.Text("jti"); jti != "" {
		evidence = map[string]string{"jti": jti}
	}
	if err := cx.Session().RecordFactor(settings.Factor, evidence); err != nil {
		return nil, err
	}
	if settings.Claim != "" {
		if err := cx.Claims().SetIDToken(settings.Claim, cx.Now().UnixMilli()); err != nil {
			return nil, err
		}
	}
	return postlude.Continue(), nil
}
