//go:build wasip1

package postlude

// The component's exports.
import _ "github.com/postlude/postlude/sdk/go/internal/bindings"
