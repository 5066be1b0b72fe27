//go:build wasip1

package host

import (
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_decisions"
	wit "github.com/postlude/postlude/sdk/go/internal/wit/types"
)

// Result is what an export of the component answers.
type Result = wit.Result[postlude_action_decisions.Decision, postlude_action_decisions.Failure]

// ToResult is an answer as the component's export answers it.
func ToResult(answer Answer) Result {
	switch {
	case answer.Failure != nil && answer.Failure.Unavailable:
		return failure(postlude_action_decisions.MakeFailureUnavailable(answer.Failure.Why))
	case answer.Failure != nil:
		return failure(postlude_action_decisions.MakeFailureOther(answer.Failure.Why))
	case answer.Denial != nil:
		denial := postlude_action_decisions.Denial{Code: answer.Denial.Code, Message: answer.Denial.Message}
		return decision(postlude_action_decisions.MakeDecisionDeny(denial))
	case answer.Redirect != nil:
		return decision(postlude_action_decisions.MakeDecisionRedirect(redirect(answer.Redirect)))
	default:
		return decision(postlude_action_decisions.MakeDecisionContinue())
	}
}

func decision(made postlude_action_decisions.Decision) Result {
	return wit.Ok[postlude_action_decisions.Decision, postlude_action_decisions.Failure](made)
}

func failure(why postlude_action_decisions.Failure) Result {
	return wit.Err[postlude_action_decisions.Decision, postlude_action_decisions.Failure](why)
}

func redirect(to *Redirect) postlude_action_decisions.RedirectRequest {
	request := postlude_action_decisions.RedirectRequest{
		Url: to.URL, Query: tuples(to.Query), Factor: wit.None[string](), Token: wit.None[postlude_action_decisions.TokenRequest](),
	}
	if to.Factor != "" {
		request.Factor = wit.Some(to.Factor)
	}
	if to.Token != nil {
		request.Token = wit.Some(tokenRequest(*to.Token))
	}
	return request
}

func tokenRequest(request TokenRequest) postlude_action_decisions.TokenRequest {
	return postlude_action_decisions.TokenRequest{
		Parameter: request.Parameter, Key: request.Key, Claims: request.Claims, TtlSeconds: request.TTLSeconds,
	}
}
