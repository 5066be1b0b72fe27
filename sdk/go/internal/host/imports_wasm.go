//go:build wasip1

package host

import (
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_cache"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_claims"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_clock"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_event"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_http"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_keys"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_log"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_login"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_random"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_redirect"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_reply"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_secrets"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_session"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_types"
	"github.com/postlude/postlude/sdk/go/internal/bindings/postlude_action_user"
	wit "github.com/postlude/postlude/sdk/go/internal/wit/types"
)

// Each function calls one function of the contract. What no plugin calls, the linker drops, and with it the import.

func LoginID() string   { return postlude_action_login.Id() }
func RunID() string     { return postlude_action_login.RunId() }
func Mode() string      { return postlude_action_login.Mode() }
func CanRedirect() bool { return postlude_action_login.CanRedirect() }
func Settings() string  { return postlude_action_login.Settings() }

func LoginMetadata(key string) (string, bool) {
	return option(postlude_action_login.GetMetadata(key))
}

func SetLoginMetadata(key string, value *string) error {
	return failed(postlude_action_login.SetMetadata(key, optional(value)), valueError)
}

func Event(pointer string) (string, bool, error) {
	return optionOr(postlude_action_event.Get(pointer), eventError)
}

func ReplyMethod() string         { return postlude_action_reply.Method() }
func ReplyQuery() []Pair          { return pairs(postlude_action_reply.Query()) }
func ReplyForm() []Pair           { return pairs(postlude_action_reply.Form()) }
func ReplyStash() (string, bool)  { return option(postlude_action_reply.Stash()) }
func ReplyToken() (string, error) { return valueOr(postlude_action_reply.Token(), tokenError) }

func RecordFactor(name string, evidence *string) error {
	return failed(postlude_action_session.RecordFactor(name, optional(evidence)), factorError)
}

func Factors() string { return postlude_action_session.Factors() }

func Freshness(name string) (string, error) {
	return valueOr(postlude_action_session.Freshness(name), factorError)
}

func SessionMetadata(key string) (string, bool) {
	return option(postlude_action_session.GetMetadata(key))
}

func SetSessionMetadata(key string, value *string) error {
	return failed(postlude_action_session.SetMetadata(key, optional(value)), valueError)
}

func State() string       { return postlude_action_redirect.State() }
func ContinueURL() string { return postlude_action_redirect.ContinueUrl() }

func EncodeToken(request TokenRequest) (string, error) {
	return valueOr(postlude_action_redirect.EncodeToken(tokenRequest(request)), tokenError)
}

func ValidateToken(key, parameter string) (string, error) {
	return valueOr(postlude_action_redirect.ValidateToken(key, parameter), tokenError)
}

func Stash(value string) error { return failed(postlude_action_redirect.Stash(value), valueError) }

func SetIDToken(name, value string) error {
	return failed(postlude_action_claims.SetIdToken(name, value), claimError)
}

func SetAccessToken(name, value string) error {
	return failed(postlude_action_claims.SetAccessToken(name, value), claimError)
}

func AddScope(name string) error { return failed(postlude_action_claims.AddScope(name), claimError) }
func RemoveScope(name string) error {
	return failed(postlude_action_claims.RemoveScope(name), claimError)
}

func SetAppMetadata(key string, value *string) error {
	return failed(postlude_action_user.SetAppMetadata(key, optional(value)), valueError)
}

func SetUserMetadata(key string, value *string) error {
	return failed(postlude_action_user.SetUserMetadata(key, optional(value)), valueError)
}

func CacheGet(key string) (string, bool, error) {
	return optionOr(postlude_action_cache.Get(key), cacheError)
}

func CacheSet(key, value string, ttlSeconds uint32) error {
	return failed(postlude_action_cache.Set(key, value, ttlSeconds), cacheError)
}

func CacheDelete(key string) error { return failed(postlude_action_cache.Delete(key), cacheError) }

func Secret(name string) (string, error) {
	return valueOr(postlude_action_secrets.Get(name), secretError)
}

func HMAC(key string, data []byte) ([]byte, error) {
	return valueOr(postlude_action_keys.Hmac(key, data), keyError)
}

func SignJWT(key, header, claims string) (string, error) {
	return valueOr(postlude_action_keys.SignJwt(key, header, claims), keyError)
}

func VerifyJWT(key, token string) (string, error) {
	return valueOr(postlude_action_keys.VerifyJwt(key, token), keyError)
}

func Send(request Request) (Response, error) {
	body := wit.None[[]uint8]()
	if request.Body != nil {
		body = wit.Some(request.Body)
	}
	answer, err := valueOr(postlude_action_http.Send(postlude_action_http.Request{
		Method: request.Method, Url: request.URL, Headers: tuples(request.Headers), Body: body,
	}), httpError)
	if err != nil {
		return Response{}, err
	}
	return Response{Status: answer.Status, Headers: pairs(answer.Headers), Body: answer.Body}, nil
}

func Now() uint64            { return postlude_action_clock.Now() }
func Random(n uint32) []byte { return postlude_action_random.Bytes(n) }

func Log(level uint8, message string, fields []Pair) {
	postlude_action_log.Log(postlude_action_log.Level(level), message, tuples(fields))
}

// Panic ends the run.
func Panic(message string) { postlude_action_log.Panic(message) }

func option(value wit.Option[string]) (string, bool) {
	return value.SomeOr(""), value.IsSome()
}

func optional(value *string) wit.Option[string] {
	if value == nil {
		return wit.None[string]()
	}
	return wit.Some(*value)
}

func pairs(tuples []wit.Tuple2[string, string]) []Pair {
	all := make([]Pair, len(tuples))
	for i, tuple := range tuples {
		all[i] = Pair{tuple.F0, tuple.F1}
	}
	return all
}

func tuples(pairs []Pair) []wit.Tuple2[string, string] {
	all := make([]wit.Tuple2[string, string], len(pairs))
	for i, pair := range pairs {
		all[i] = wit.Tuple2[string, string]{F0: pair.Name, F1: pair.Value}
	}
	return all
}

func failed[T, E any](result wit.Result[T, E], why func(E) *Error) error {
	if result.IsErr() {
		return why(result.Err())
	}
	return nil
}

func valueOr[T, E any](result wit.Result[T, E], why func(E) *Error) (T, error) {
	if result.IsErr() {
		var none T
		return none, why(result.Err())
	}
	return result.Ok(), nil
}

func optionOr[E any](result wit.Result[wit.Option[string], E], why func(E) *Error) (string, bool, error) {
	value, err := valueOr(result, why)
	if err != nil {
		return "", false, err
	}
	text, found := option(value)
	return text, found, nil
}

func valueError(e postlude_action_types.ValueError) *Error {
	switch e.Tag() {
	case postlude_action_types.ValueErrorOther:
		return &Error{"other", e.Other()}
	case postlude_action_types.ValueErrorInvalidJson:
		return &Error{"invalid-json", e.InvalidJson()}
	case postlude_action_types.ValueErrorTooLarge:
		return tooLarge(e.TooLarge())
	default:
		return &Error{Code: "not-granted"}
	}
}

func tokenError(e postlude_action_types.TokenError) *Error {
	switch e.Tag() {
	case postlude_action_types.TokenErrorOther:
		return &Error{"other", e.Other()}
	case postlude_action_types.TokenErrorNotApplicable:
		return &Error{Code: "not-applicable"}
	case postlude_action_types.TokenErrorMissing:
		return &Error{Code: "missing"}
	case postlude_action_types.TokenErrorInvalid:
		return &Error{"invalid", e.Invalid()}
	case postlude_action_types.TokenErrorUnknownKey:
		return &Error{Code: "unknown-key"}
	default:
		return &Error{"invalid-claims", e.InvalidClaims()}
	}
}

func eventError(e postlude_action_event.EventError) *Error {
	switch e.Tag() {
	case postlude_action_event.EventErrorOther:
		return &Error{"other", e.Other()}
	case postlude_action_event.EventErrorInvalidPointer:
		return &Error{Code: "invalid-pointer"}
	default:
		return &Error{Code: "not-granted"}
	}
}

func factorError(e postlude_action_session.FactorError) *Error {
	switch e.Tag() {
	case postlude_action_session.FactorErrorOther:
		return &Error{"other", e.Other()}
	case postlude_action_session.FactorErrorNotDeclared:
		return &Error{Code: "not-declared"}
	case postlude_action_session.FactorErrorNotInOnLogin:
		return &Error{Code: "not-in-on-login"}
	case postlude_action_session.FactorErrorNotProved:
		return &Error{Code: "not-proved"}
	default:
		return &Error{"invalid-evidence", e.InvalidEvidence()}
	}
}

func claimError(e postlude_action_claims.ClaimError) *Error {
	switch e.Tag() {
	case postlude_action_claims.ClaimErrorOther:
		return &Error{"other", e.Other()}
	case postlude_action_claims.ClaimErrorReserved:
		return &Error{Code: "reserved"}
	case postlude_action_claims.ClaimErrorNotGranted:
		return &Error{Code: "not-granted"}
	case postlude_action_claims.ClaimErrorInvalidJson:
		return &Error{"invalid-json", e.InvalidJson()}
	default:
		return tooLarge(e.TooLarge())
	}
}

func cacheError(e postlude_action_cache.CacheError) *Error {
	switch e.Tag() {
	case postlude_action_cache.CacheErrorOther:
		return &Error{"other", e.Other()}
	case postlude_action_cache.CacheErrorNotAvailable:
		return &Error{Code: "not-available"}
	case postlude_action_cache.CacheErrorInvalidJson:
		return &Error{"invalid-json", e.InvalidJson()}
	default:
		return tooLarge(e.TooLarge())
	}
}

func secretError(e postlude_action_secrets.SecretError) *Error {
	if e.Tag() == postlude_action_secrets.SecretErrorOther {
		return &Error{"other", e.Other()}
	}
	return &Error{Code: "not-granted"}
}

func keyError(e postlude_action_keys.KeyError) *Error {
	switch e.Tag() {
	case postlude_action_keys.KeyErrorOther:
		return &Error{"other", e.Other()}
	case postlude_action_keys.KeyErrorNotAvailable:
		return &Error{Code: "not-available"}
	case postlude_action_keys.KeyErrorNotGranted:
		return &Error{Code: "not-granted"}
	default:
		return &Error{"invalid", e.Invalid()}
	}
}

func httpError(e postlude_action_http.HttpError) *Error {
	switch e.Tag() {
	case postlude_action_http.HttpErrorOther:
		return &Error{"other", e.Other()}
	case postlude_action_http.HttpErrorNotAvailable:
		return &Error{Code: "not-available"}
	case postlude_action_http.HttpErrorNotGranted:
		return &Error{Code: "not-granted"}
	case postlude_action_http.HttpErrorInvalidRequest:
		return &Error{"invalid-request", e.InvalidRequest()}
	case postlude_action_http.HttpErrorTimeout:
		return &Error{Code: "timeout"}
	default:
		return &Error{Code: "too-large"}
	}
}

func tooLarge(bytes uint32) *Error {
	return &Error{"too-large", "at most " + decimal(bytes) + " bytes"}
}

// decimal does without strconv, which not every plugin needs.
func decimal(number uint32) string {
	var digits [10]byte
	at := len(digits)
	for {
		at--
		digits[at] = byte('0' + number%10)
		if number /= 10; number == 0 {
			return string(digits[at:])
		}
	}
}
