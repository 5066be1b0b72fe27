;; A hostile plugin: both of its functions never return. The types are those of the contract's `decisions`.
(component
  (type $decisions (instance
    (type $pairs (list (tuple string string)))
    (type $text? (option string))
    (type $token' (record (field "parameter" string) (field "key" string) (field "claims" string) (field "ttl-seconds" u32)))
    (export "token-request" (type $token (eq $token')))
    (type $token? (option $token))
    (type $redirect' (record (field "url" string) (field "query" $pairs) (field "factor" $text?) (field "token" $token?)))
    (export "redirect-request" (type $redirect (eq $redirect')))
    (type $denial' (record (field "code" string) (field "message" string)))
    (export "denial" (type $denial (eq $denial')))
    (type $decision' (variant (case "continue") (case "redirect" $redirect) (case "deny" $denial)))
    (export "decision" (type (eq $decision')))
    (type $failure' (variant (case "other" string) (case "unavailable" string)))
    (export "failure" (type (eq $failure')))))
  (import "postlude:action/decisions@0.1.0" (instance $contract (type $decisions)))
  (alias export $contract "decision" (type $decision))
  (alias export $contract "failure" (type $failure))

  (core module $guest
    (memory (export "memory") 1)
    (func (export "for-ever") (result i32)
      (loop $again (br $again))
      unreachable))
  (core instance $running (instantiate $guest))

  (type $answer (result $decision (error $failure)))
  (type $action (func (result $answer)))
  (func $for-ever (type $action) (canon lift (core func $running "for-ever") (memory (core memory $running "memory"))))
  (export "on-login" (func $for-ever))
  (export "on-continue" (func $for-ever))

  (@custom "postlude:manifest"
    "{\"name\":\"endless-loop\",\"version\":\"0.1.0\",\"publisher\":\"postlude.dev\",\"abi\":\"0.1.0\"}"))
