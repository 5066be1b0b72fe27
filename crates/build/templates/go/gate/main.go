// A gate: users with a verified email address of a listed domain are let in, others are not.
package main

import (
	"slices"
	"strings"

	postlude "github.com/postlude/postlude/sdk/go"
)

// {{Name}} is the plugin.
type {{Name}} struct{}

func init() { postlude.Register({{Name}}{}) }

func main() {}

// OnLogin looks at the user's address.
func ({{Name}}) OnLogin(cx *postlude.Context) (postlude.Decision, error) {
	var settings Settings
	if err := cx.Settings(&settings); err != nil {
		return nil, err
	}
	email, err := cx.Event().Email()
	if err != nil {
		return nil, err
	}
	verified, err := cx.Event().EmailVerified()
	if err != nil {
		return nil, err
	}
	if !verified {
		return postlude.Deny("email_not_verified", "Please verify your email address first."), nil
	}
	domain := strings.ToLower(email[strings.LastIndex(email, "@")+1:])
	if !slices.Contains(settings.Domains, domain) {
		return postlude.Deny("domain_refused", "Your email address is not of an accepted domain."), nil
	}
	return postlude.Continue(), nil
}

// OnContinue is never asked: this action does not redirect.
func ({{Name}}) OnContinue(*postlude.Context) (postlude.Decision, error) {
	return postlude.NoContinue()
}
