// Package postlude is what a Go plugin is written with.
//
// A plugin is a main package that registers its action and has an empty main function:
//
//	type VerifiedOnly struct{}
//
//	func (VerifiedOnly) OnLogin(cx *postlude.Context) (postlude.Decision, error) {
//		verified, err := cx.Event().Bool("/user/email_verified")
//		if err != nil {
//			return nil, err
//		}
//		if !verified {
//			return postlude.Deny("email_not_verified", "Please verify your email address first."), nil
//		}
//		return postlude.Continue(), nil
//	}
//
//	func (VerifiedOnly) OnContinue(cx *postlude.Context) (postlude.Decision, error) {
//		return postlude.NoContinue()
//	}
//
//	func init() { postlude.Register(VerifiedOnly{}) }
//
//	func main() {}
//
// Each run is a fresh instance of about a millisecond, so the garbage collector is off: memory ends with the run. The plugin
// imports only the functions of the contract that its code calls.
package postlude

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/postlude/postlude/sdk/go/internal/host"
)

// Action is a plugin of the trigger post-login.
type Action interface {
	// OnLogin is asked at each login. With an error the operator's policy on_failure decides.
	OnLogin(cx *Context) (Decision, error)
	// OnContinue is asked when the browser is back from this action's own redirect. With an error the login is denied.
	OnContinue(cx *Context) (Decision, error)
}

// Register makes the action the plugin's. Call it in init of package main, once.
func Register(action Action) {
	host.Guest.OnLogin = func() host.Answer {
		defer reportPanic()
		return answer(action.OnLogin(&Context{}))
	}
	host.Guest.OnContinue = func() host.Answer {
		defer reportPanic()
		return answer(action.OnContinue(&Context{}))
	}
}

func init() {
	// A collection takes longer than a run.
	debug.SetGCPercent(-1)
}

// reportPanic ends the run with the panic's words: a trap by itself says nothing.
func reportPanic() {
	if what := recover(); what != nil {
		host.Panic(fmt.Sprint("panic: ", what) + frames())
	}
}

// frames is a line for each function that was running, those of Go's runtime and of this package left out.
func frames() string {
	callers := make([]uintptr, 32)
	stack := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	text := ""
	for {
		frame, more := stack.Next()
		own := strings.HasPrefix(frame.Function, "github.com/postlude/postlude/sdk/go") ||
			strings.HasPrefix(frame.Function, "runtime.")
		if frame.Function != "" && !own {
			text += fmt.Sprintf("\n  %s %s:%d", frame.Function, frame.File, frame.Line)
		}
		if !more {
			return text
		}
	}
}

func answer(decision Decision, err error) host.Answer {
	if err != nil {
		var unavailable *unavailableError
		return host.Answer{Failure: &host.Failure{Why: err.Error(), Unavailable: errors.As(err, &unavailable)}}
	}
	if decision == nil {
		return host.Answer{Failure: &host.Failure{Why: "the action returned neither a decision nor an error"}}
	}
	return decision.answer()
}

// Error is why the host refused a call.
type Error = host.Error

// IsCode tells whether an error is the host's, with this case of the contract, such as "not-granted".
func IsCode(err error, code string) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Code == code
}

// Unavailable says that something which the action needs did not answer. Return it as the error of an action.
func Unavailable(err error) error { return &unavailableError{err} }

type unavailableError struct{ err error }

func (e *unavailableError) Error() string { return e.err.Error() }
func (e *unavailableError) Unwrap() error { return e.err }

// NoContinue is the answer of an action that never redirects, when it is asked to continue.
func NoContinue() (Decision, error) {
	return nil, errors.New("this action has no on-continue: it does not redirect")
}
