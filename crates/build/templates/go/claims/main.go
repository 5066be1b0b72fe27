// Claims: the ID token says of which domain the user's email address is.
package main

import (
	"strings"

	postlude "github.com/postlude/postlude/sdk/go"
)

// {{Name}} is the plugin.
type {{Name}} struct{}

func init() { postlude.Register({{Name}}{}) }

func main() {}

// OnLogin sets the claim.
func ({{Name}}) OnLogin(cx *postlude.Context) (postlude.Decision, error) {
	var settings Settings
	if err := cx.Settings(&settings); err != nil {
		return nil, err
	}
	email, err := cx.Event().Email()
	if err != nil {
		return nil, err
	}
	if at := strings.LastIndex(email, "@"); at >= 0 {
		if err := cx.Claims().SetIDToken(settings.Claim, strings.ToLower(email[at+1:])); err != nil {
			return nil, err
		}
	}
	return postlude.Continue(), nil
}

// OnContinue is never asked: this action does not redirect.
func ({{Name}}) OnContinue(*postlude.Context) (postlude.Decision, error) {
	return postlude.NoContinue()
}
