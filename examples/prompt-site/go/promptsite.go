// Package promptsite has the two tokens of a prompt site: it verifies the request that a browser brings, and signs the result
// that it takes back.
//
// What it cannot do is yours: authenticate the person as Sub, let one browser answer a request (its JTI) once, and send the
// result back through that browser.
package promptsite

import (
	"context"
	"crypto"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	requestTyp = "prompt-request+jwt"
	resultTyp  = "prompt-result+jwt"
	clockSkew  = 30 // seconds by which two clocks may differ
	mostLife   = 15 * 60
	resultLife = 5 * 60
)

// Refused is a request that must not be answered.
type Refused struct {
	// Code is token, type, claims, issuer, audience, time, state or continue_url.
	Code    string
	Message string
}

func (refused *Refused) Error() string { return refused.Message }

// Request is what a verified request token says.
type Request struct {
	// Sub is the user: authenticate this person.
	Sub string
	// JTI may be answered by one browser, once.
	JTI string
	// Factor is what is asked for; empty where nothing is.
	Factor      string
	State       string
	Action      string
	ContinueURL string
	// Claims has all claims, the plugin's own among them.
	Claims map[string]any
}

// Options says whose requests are verified and who signs.
type Options struct {
	// Issuer is the Postlude tenant that may ask, such as https://login.example/acme.
	Issuer string
	// Site is this site's name, as the operator configured it.
	Site string
	// Alg is EdDSA (the default), ES256 or HS256.
	Alg string
	// PrivateKey is this site's key for EdDSA and ES256, as PKCS #8 in PEM; KeyID its name in the operator's JWK set.
	PrivateKey []byte
	KeyID      string
	// Secret is what both sides share for HS256, at least 32 bytes.
	Secret []byte
	// Keys gives the tenant's public keys; FetchKeys(Issuer) unless it is set.
	Keys KeySource
	// Now is the clock; time.Now unless it is set.
	Now func() time.Time
}

// Kit verifies requests of one tenant and signs results of one site. It may be used by many goroutines.
type Kit struct {
	options   Options
	method    jwt.SigningMethod
	request   any
	resultKey any
}

// New checks the options.
func New(options Options) (*Kit, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Alg == "" {
		options.Alg = "EdDSA"
	}
	kit := &Kit{options: options, method: jwt.GetSigningMethod(options.Alg)}
	switch options.Alg {
	case "HS256":
		if len(options.Secret) < 32 {
			return nil, errors.New("the shared secret has less than 32 bytes")
		}
		var err error
		if kit.request, err = hkdf.Key(sha256.New, options.Secret, nil, "postlude prompt-request", 32); err != nil {
			return nil, err
		}
		kit.resultKey, err = hkdf.Key(sha256.New, options.Secret, nil, "postlude prompt-result", 32)
		return kit, err
	case "EdDSA", "ES256":
		key, err := privateKey(options.PrivateKey)
		if err != nil {
			return nil, err
		}
		kit.resultKey = key
		if kit.options.Keys == nil {
			kit.options.Keys = FetchKeys(options.Issuer)
		}
		return kit, nil
	default:
		return nil, fmt.Errorf("`%s` is no algorithm of request tokens: EdDSA, ES256, HS256", options.Alg)
	}
}

func privateKey(text []byte) (crypto.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the site needs its private key, as PKCS #8 in PEM")
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

// Verify reads the request token of an address; state is the address' own. An error that is no *Refused says that the
// tenant's keys could not be fetched.
func (kit *Kit) Verify(ctx context.Context, token, state string) (*Request, error) {
	header, claims, err := kit.signed(ctx, token)
	if err != nil {
		return nil, err
	}
	if header["typ"] != requestTyp {
		return nil, &Refused{"type", "`typ` is not `" + requestTyp + "`"}
	}
	request := &Request{Claims: claims}
	for name, field := range map[string]*string{
		"sub": &request.Sub, "jti": &request.JTI, "state": &request.State, "action": &request.Action, "continue_url": &request.ContinueURL,
	} {
		text, _ := claims[name].(string)
		if text == "" {
			return nil, &Refused{"claims", "`" + name + "` is not a text"}
		}
		*field = text
	}
	if factor, asked := claims["factor"]; asked {
		text, isText := factor.(string)
		if !isText {
			return nil, &Refused{"claims", "`factor` is not a text"}
		}
		request.Factor = text
	}
	if err := kit.check(request, state); err != nil {
		return nil, err
	}
	return request, nil
}

func (kit *Kit) check(request *Request, state string) error {
	iat, iatErr := seconds(request.Claims, "iat")
	exp, expErr := seconds(request.Claims, "exp")
	now := kit.options.Now().Unix()
	switch {
	case iatErr != nil:
		return iatErr
	case expErr != nil:
		return expErr
	case request.Claims["iss"] != kit.options.Issuer:
		return &Refused{"issuer", "`iss` is not the tenant"}
	case request.Claims["aud"] != kit.options.Site:
		return &Refused{"audience", "`aud` is not this site"}
	case exp+clockSkew <= now:
		return &Refused{"time", "the request is too old"}
	case iat > now+clockSkew:
		return &Refused{"time", "the request is from the future"}
	case exp-iat > mostLife:
		return &Refused{"time", "the request lives too long"}
	case request.State != state:
		return &Refused{"state", "`state` of the address and of the token differ"}
	case request.ContinueURL != kit.options.Issuer+"/continue":
		return &Refused{"continue_url", "`continue_url` is not the tenant's"}
	}
	return nil
}

func seconds(claims map[string]any, name string) (int64, error) {
	number, _ := claims[name].(json.Number)
	value, err := number.Int64()
	if err != nil || value < 0 || value > 253402300799 { // the end of the year 9999
		return 0, &Refused{"claims", "`" + name + "` is not in whole seconds"}
	}
	return value, nil
}

// signed gives the header and the claims of a token that the tenant signed. Claims are judged by Verify, all of them alike.
func (kit *Kit) signed(ctx context.Context, token string) (map[string]any, jwt.MapClaims, error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{kit.options.Alg}), jwt.WithoutClaimsValidation(), jwt.WithJSONNumber(), jwt.WithStrictDecoding())
	claims := jwt.MapClaims{}
	var fetch error
	parsed, err := parser.ParseWithClaims(token, claims, func(token *jwt.Token) (any, error) {
		for name := range token.Header {
			if name != "alg" && name != "typ" && name != "kid" {
				return nil, fmt.Errorf("a request's header has no `%s`", name)
			}
		}
		if kit.request != nil {
			return kit.request, nil
		}
		kid, _ := token.Header["kid"].(string)
		key, err := kit.options.Keys(ctx, kid)
		if err != nil {
			fetch = err
		} else if key == nil {
			return nil, errors.New("the tenant has no such key")
		}
		return key, err
	})
	switch {
	case fetch != nil:
		return nil, nil, fetch
	case err != nil:
		return nil, nil, &Refused{"token", "the tenant did not sign this: " + err.Error()}
	}
	return parsed.Header, claims, nil
}

// Verdict is what the person did.
type Verdict string

// What a prompt site may say.
const (
	OK             Verdict = "ok"
	RefusedByUser  Verdict = "refused"
	CouldNotDecide Verdict = "error"
)

// Sign makes the result token for a verified request. own has further claims, which the plugin may read.
func (kit *Kit) Sign(request *Request, verdict Verdict, own map[string]any) (string, error) {
	return kit.sign(request, verdict, own, rand.Text())
}

func (kit *Kit) sign(request *Request, verdict Verdict, own map[string]any, jti string) (string, error) {
	if verdict != OK && verdict != RefusedByUser && verdict != CouldNotDecide {
		return "", fmt.Errorf("`%s` is no verdict: ok, refused, error", verdict)
	}
	now := kit.options.Now().Unix()
	claims := jwt.MapClaims{}
	for name, value := range own {
		claims[name] = value
	}
	for name, value := range map[string]any{
		"iss": kit.options.Site, "sub": request.Sub, "aud": request.Action, "iat": now, "exp": now + resultLife, "jti": jti,
		"state": request.State, "verdict": string(verdict),
	} {
		claims[name] = value
	}
	delete(claims, "factor")
	if factor, asked := request.Claims["factor"]; asked {
		claims["factor"] = factor
	}
	token := jwt.NewWithClaims(kit.method, claims)
	token.Header["typ"] = resultTyp
	if kit.options.KeyID != "" && kit.options.Alg != "HS256" {
		token.Header["kid"] = kit.options.KeyID
	}
	return token.SignedString(kit.resultKey)
}

// FormAction is where a form with the field postlude_result goes, by POST.
func (request *Request) FormAction() string {
	return request.ContinueURL + "?state=" + url.QueryEscape(request.State)
}

// RedirectURL is where the browser goes with a result: a redirect by 303.
func (request *Request) RedirectURL(result string) string {
	return request.FormAction() + "&postlude_result=" + url.QueryEscape(result)
}
