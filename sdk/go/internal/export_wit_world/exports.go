//go:build wasip1

// Package export_wit_world is what the generated exports of the component call. The generator gives the name.
package export_wit_world

import "github.com/postlude/postlude/sdk/go/internal/host"

// OnLogin is the export on-login.
func OnLogin() host.Result { return host.ToResult(host.Guest.OnLogin()) }

// OnContinue is the export on-continue.
func OnContinue() host.Result { return host.ToResult(host.Guest.OnContinue()) }
