//go:build !wasip1

package host

// Outside a component there is no host: the package compiles, so that editors and `go vet` know it, and every call panics. Stories test
// a plugin as it runs (`postlude test`).
const native = "postlude: the host's functions exist only in a component; test the plugin with `postlude test`"

func LoginID() string                                     { panic(native) }
func RunID() string                                       { panic(native) }
func Mode() string                                        { panic(native) }
func CanRedirect() bool                                   { panic(native) }
func Settings() string                                    { panic(native) }
func LoginMetadata(key string) (string, bool)             { panic(native) }
func SetLoginMetadata(key string, value *string) error    { panic(native) }
func Event(pointer string) (string, bool, error)          { panic(native) }
func ReplyMethod() string                                 { panic(native) }
func ReplyQuery() []Pair                                  { panic(native) }
func ReplyForm() []Pair                                   { panic(native) }
func ReplyStash() (string, bool)                          { panic(native) }
func ReplyToken() (string, error)                         { panic(native) }
func RecordFactor(name string, evidence *string) error    { panic(native) }
func Factors() string                                     { panic(native) }
func Freshness(name string) (string, error)               { panic(native) }
func SessionMetadata(key string) (string, bool)           { panic(native) }
func SetSessionMetadata(key string, value *string) error  { panic(native) }
func State() string                                       { panic(native) }
func ContinueURL() string                                 { panic(native) }
func EncodeToken(request TokenRequest) (string, error)    { panic(native) }
func ValidateToken(key, parameter string) (string, error) { panic(native) }
func Stash(value string) error                            { panic(native) }
func SetIDToken(name, value string) error                 { panic(native) }
func SetAccessToken(name, value string) error             { panic(native) }
func AddScope(name string) error                          { panic(native) }
func RemoveScope(name string) error                       { panic(native) }
func SetAppMetadata(key string, value *string) error      { panic(native) }
func SetUserMetadata(key string, value *string) error     { panic(native) }
func CacheGet(key string) (string, bool, error)           { panic(native) }
func CacheSet(key, value string, ttlSeconds uint32) error { panic(native) }
func CacheDelete(key string) error                        { panic(native) }
func Secret(name string) (string, error)                  { panic(native) }
func HMAC(key string, data []byte) ([]byte, error)        { panic(native) }
func SignJWT(key, header, claims string) (string, error)  { panic(native) }
func VerifyJWT(key, token string) (string, error)         { panic(native) }
func Send(request Request) (Response, error)              { panic(native) }
func Now() uint64                                         { panic(native) }
func Random(n uint32) []byte                              { panic(native) }
func Log(level uint8, message string, fields []Pair)      { panic(native) }

// Panic ends the run.
func Panic(message string) { panic(message) }
