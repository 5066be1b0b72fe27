module postlude.example/custom-factor

go 1.24

require github.com/postlude/postlude/sdk/go v0.1.0

replace github.com/postlude/postlude/sdk/go => ../../../sdk/go
