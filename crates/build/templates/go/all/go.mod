module {{publisher}}/{{name}}

go 1.24

require github.com/postlude/postlude/sdk/go v0.0.0

replace github.com/postlude/postlude/sdk/go => ./postlude-sdk
