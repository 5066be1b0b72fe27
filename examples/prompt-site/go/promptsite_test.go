package promptsite

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type vectorFile struct {
	Now                       int64
	Issuer, Site, Jti, Secret string
	TenantKeys                json.RawMessage `json:"tenant_keys"`
	SiteKeys                  map[string]struct {
		Kid, Pem string
		Jwk      json.RawMessage
	} `json:"site_keys"`
	Requests []struct {
		Name, Alg, Token, State, Refused string
		Claims                           map[string]any
	}
	Results []struct {
		Request, Alg, Verdict string
		Header, Claims        map[string]any
		ContinueURL           string `json:"continue_url"`
	}
}

// The vectors that all kits share.
func vectors(t *testing.T) (file vectorFile) {
	t.Helper()
	text, err := os.ReadFile("../vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func (file vectorFile) options(t *testing.T, alg string) Options {
	t.Helper()
	keys, err := ParseKeys(file.TenantKeys)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Issuer: file.Issuer, Site: file.Site, Alg: alg, PrivateKey: []byte(file.SiteKeys[alg].Pem), KeyID: file.SiteKeys[alg].Kid,
		Secret: []byte(file.Secret),
		Keys:   func(_ context.Context, kid string) (crypto.PublicKey, error) { return keys[kid], nil },
		Now:    func() time.Time { return time.Unix(file.Now, 0) },
	}
}

func (file vectorFile) kit(t *testing.T, alg string) *Kit {
	t.Helper()
	kit, err := New(file.options(t, alg))
	if err != nil {
		t.Fatal(err)
	}
	return kit
}

// plain makes values comparable, whatever type their numbers have.
func plain(t *testing.T, value any) (out any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRequests(t *testing.T) {
	file := vectors(t)
	bad := map[string]int{}
	for _, vector := range file.Requests {
		t.Run(vector.Alg+": "+vector.Name, func(t *testing.T) {
			request, err := file.kit(t, vector.Alg).Verify(t.Context(), vector.Token, vector.State)
			if vector.Claims != nil {
				if err != nil || !reflect.DeepEqual(plain(t, request.Claims), plain(t, vector.Claims)) {
					t.Fatalf("%v, %v", request, err)
				}
				return
			}
			bad[vector.Alg]++
			var refused *Refused
			if !errors.As(err, &refused) || refused.Code != vector.Refused {
				t.Fatalf("%v, %v, wanted %s", request, err, vector.Refused)
			}
		})
	}
	if bad["EdDSA"] < 20 || bad["ES256"] < 20 || bad["HS256"] < 20 {
		t.Fatal(bad)
	}
}

func TestResults(t *testing.T) {
	file := vectors(t)
	if len(file.Results) < 9 {
		t.Fatal(len(file.Results))
	}
	for _, vector := range file.Results {
		t.Run(vector.Alg+": "+vector.Verdict+" for "+vector.Request, func(t *testing.T) {
			kit := file.kit(t, vector.Alg)
			for _, asked := range file.Requests {
				if asked.Name != vector.Request || asked.Alg != vector.Alg {
					continue
				}
				request, err := kit.Verify(t.Context(), asked.Token, asked.State)
				if err != nil {
					t.Fatal(err)
				}
				token, err := kit.sign(request, Verdict(vector.Verdict), nil, file.Jti)
				if err != nil {
					t.Fatal(err)
				}
				file.compare(t, kit, token, vector.Header, vector.Claims)
				if request.FormAction() != vector.ContinueURL || request.RedirectURL(token) != vector.ContinueURL+"&postlude_result="+token {
					t.Fatal(request.RedirectURL(token))
				}
				return
			}
			t.Fatal("there is no such request")
		})
	}
}

func (file vectorFile) compare(t *testing.T, kit *Kit, token string, header, claims map[string]any) {
	t.Helper()
	parsed, err := jwt.NewParser(jwt.WithoutClaimsValidation()).Parse(token, func(parsed *jwt.Token) (any, error) {
		if kit.request != nil {
			return kit.resultKey, nil
		}
		keys, err := ParseKeys([]byte(`{"keys":[` + string(file.SiteKeys[parsed.Method.Alg()].Jwk) + `]}`))
		return keys[kit.options.KeyID], err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(plain(t, parsed.Header), plain(t, header)) || !reflect.DeepEqual(plain(t, parsed.Claims), plain(t, claims)) {
		t.Fatalf("%v %v", parsed.Header, parsed.Claims)
	}
}

func TestAResultTakesNoOtherVerdictAndOwnClaimsReplaceNone(t *testing.T) {
	kit := vectors(t).kit(t, "EdDSA")
	request := &Request{Sub: "ana", Action: "a", State: "s", Claims: map[string]any{}}
	if _, err := kit.Sign(request, "yes", nil); err == nil {
		t.Fatal("`yes` is no verdict")
	}
	token, err := kit.Sign(request, RefusedByUser, map[string]any{"verdict": "ok", "factor": "x", "level": 2})
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		t.Fatal(err)
	}
	if _, asked := claims["factor"]; asked || claims["verdict"] != "refused" || claims["level"] != 2.0 {
		t.Fatal(claims)
	}
}

func TestBadOptionsAreRefusedAtOnce(t *testing.T) {
	file := vectors(t)
	for _, change := range []func(*Options){
		func(o *Options) { o.Alg, o.Secret = "HS256", []byte("short") },
		func(o *Options) { o.PrivateKey = nil },
		func(o *Options) { o.Alg = "none" },
	} {
		options := file.options(t, "EdDSA")
		change(&options)
		if _, err := New(options); err == nil {
			t.Fatalf("%v", options)
		}
	}
}

// The keys are fetched once, and an outage is no refusal.
func TestTheTenantsKeysAreFetched(t *testing.T) {
	file := vectors(t)
	calls, status := 0, http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/acme/.well-known/jwks.json" {
			calls++
			w.WriteHeader(status)
			_, _ = w.Write(file.TenantKeys)
		}
	}))
	defer server.Close()
	options := file.options(t, "EdDSA")
	options.Keys = FetchKeys(server.URL + "/acme")
	kit, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	for _, vector := range file.Requests {
		if vector.Name != "good" || vector.Alg != "EdDSA" {
			continue
		}
		var refused *Refused
		if _, err := kit.Verify(t.Context(), vector.Token, vector.State); err == nil || errors.As(err, &refused) {
			t.Fatal(err)
		}
		status = http.StatusOK
		for range 3 {
			if _, err := kit.Verify(t.Context(), vector.Token, vector.State); err != nil {
				t.Fatal(err)
			}
		}
	}
	if calls != 2 {
		t.Fatal(calls)
	}
}
