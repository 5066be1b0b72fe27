;; WASI preview 1 without WASI: what Go's runtime and wasi-libc call, made of the contract's own clock, random and log. A plugin that is
;; linked with it imports no WASI, so it runs in the fastest tier.
;;
;; There are no files, arguments and environment. Standard output and error become lines of the log. Time stands still, as the
;; contract says, and goes on by what the plugin sleeps, without waiting.
(module
  (import "env" "memory" (memory 0))
  (import "postlude:action/clock@0.1.0" "now" (func $now (result i64)))
  (import "postlude:action/random@0.1.0" "bytes" (func $random (param i32 i32)))
  (import "postlude:action/log@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))

  ;; Where the host puts the random bytes.
  (global $target (mut i32) (i32.const 0))
  ;; The host's clock in nanoseconds, once it was asked, and how long the plugin slept.
  (global $started (mut i64) (i64.const 0))
  (global $slept (mut i64) (i64.const 0))
  ;; A page of our own for the line that is being written to standard error, and its length.
  (global $page (mut i32) (i32.const 0))
  (global $length (mut i32) (i32.const 0))

  ;; A nanosecond more than the contract says: Go's runtime takes a clock of zero for a broken one, and a host that only tries whether a
  ;; plugin starts has such a clock.
  (func $start (result i64)
    (if (i64.eqz (global.get $started))
      (then (global.set $started (i64.add (i64.mul (call $now) (i64.const 1_000_000)) (i64.const 1)))))
    (global.get $started))

  (func (export "cabi_import_realloc") (param i32 i32 i32 i32) (result i32) (global.get $target))

  (func (export "sched_yield") (result i32) (i32.const 0))

  (func (export "proc_exit") (param i32)
    (call $flush (i32.const 3))
    (unreachable))

  (func $none (param $count i32) (param $bytes i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $bytes) (i32.const 0))
    (i32.const 0))
  (func (export "args_sizes_get") (param i32 i32) (result i32) (call $none (local.get 0) (local.get 1)))
  (func (export "environ_sizes_get") (param i32 i32) (result i32) (call $none (local.get 0) (local.get 1)))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))

  ;; The real time is the contract's; any other clock goes on with sleep.
  (func (export "clock_time_get") (param $id i32) (param i64) (param $out i32) (result i32)
    (i64.store (local.get $out)
      (i64.add (call $start) (select (global.get $slept) (i64.const 0) (local.get $id))))
    (i32.const 0))
  (func (export "clock_res_get") (param i32) (param $out i32) (result i32)
    (i64.store (local.get $out) (i64.const 1_000_000))
    (i32.const 0))
  ;; The runtime says when it may not call the host. It asked for the time before that.
  (func (export "adapter_monotonic_clock_set_paused") (param i32))

  ;; The host writes the list's address and length to an address of ours, and its bytes where `cabi_import_realloc` says. Eight bytes of
  ;; the first page, which compilers leave free, are borrowed for the former.
  (func (export "random_get") (param $to i32) (param $bytes i32) (result i32)
    (local $kept i64)
    (if (i32.eqz (local.get $bytes)) (then (return (i32.const 0))))
    (local.set $kept (i64.load (i32.const 8)))
    (global.set $target (local.get $to))
    (call $random (local.get $bytes) (i32.const 8))
    (i64.store (i32.const 8) (local.get $kept))
    (i32.const 0))

  ;; Nothing but standard input, output and error is open: 8 is EBADF, 70 ESPIPE.
  (func $is_open (param $fd i32) (result i32)
    (select (i32.const 0) (i32.const 8) (i32.le_u (local.get $fd) (i32.const 2))))
  (func (export "fd_close") (param i32) (result i32) (call $is_open (local.get 0)))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (call $is_open (local.get 0)))
  (func (export "fd_fdstat_get") (param $fd i32) (param $out i32) (result i32)
    (if (i32.gt_u (local.get $fd) (i32.const 2)) (then (return (i32.const 8))))
    ;; A character device, with all rights.
    (i64.store (local.get $out) (i64.const 2))
    (i64.store offset=8 (local.get $out) (i64.const -1))
    (i64.store offset=16 (local.get $out) (i64.const 0))
    (i32.const 0))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 70))
  (func (export "fd_read") (param $fd i32) (param i32 i32) (param $read i32) (result i32)
    (i32.store (local.get $read) (i32.const 0))
    (call $is_open (local.get $fd)))

  (func (export "fd_write") (param $fd i32) (param $part i32) (param $parts i32) (param $written i32) (result i32)
    (local $all i32) (local $level i32)
    (if (i32.or (i32.eqz (local.get $fd)) (i32.gt_u (local.get $fd) (i32.const 2))) (then (return (i32.const 8))))
    ;; Standard output is info, standard error an error.
    (local.set $level (select (i32.const 1) (i32.const 3) (i32.eq (local.get $fd) (i32.const 1))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $parts)))
        (call $write (local.get $level) (i32.load (local.get $part)) (i32.load offset=4 (local.get $part)))
        (local.set $all (i32.add (local.get $all) (i32.load offset=4 (local.get $part))))
        (local.set $part (i32.add (local.get $part) (i32.const 8)))
        (local.set $parts (i32.sub (local.get $parts) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $all))
    ;; A program writes its output as it wants it read; a runtime writes its last words in pieces, and ends each line.
    (if (i32.eq (local.get $level) (i32.const 1)) (then (call $flush (i32.const 1))))
    (i32.const 0))

  ;; Adds bytes to the line; a line feed, or 4,096 bytes, end it.
  (func $write (param $level i32) (param $from i32) (param $bytes i32)
    (local $byte i32)
    (if (i32.eqz (global.get $page))
      (then
        (global.set $page (memory.grow (i32.const 1)))
        (if (i32.eq (global.get $page) (i32.const -1)) (then (unreachable)))
        (global.set $page (i32.shl (global.get $page) (i32.const 16)))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $bytes)))
        (local.set $byte (i32.load8_u (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $bytes (i32.sub (local.get $bytes) (i32.const 1)))
        (if (i32.eq (local.get $byte) (i32.const 10))
          (then (call $flush (local.get $level)))
          (else
            (i32.store8 (i32.add (global.get $page) (global.get $length)) (local.get $byte))
            (global.set $length (i32.add (global.get $length) (i32.const 1)))
            (if (i32.eq (global.get $length) (i32.const 4096)) (then (call $flush (local.get $level))))))
        (br $next))))

  (func $flush (param $level i32)
    (if (i32.eqz (global.get $length)) (then (return)))
    (call $make_utf8)
    (call $log (local.get $level) (global.get $page) (global.get $length) (i32.const 0) (i32.const 0))
    (global.set $length (i32.const 0)))

  ;; Puts `?` for every byte of the line that is not of a well-formed sequence (Unicode, table 3-7): the host takes UTF-8 alone.
  (func $make_utf8
    (local $at i32) (local $tail i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (global.get $length)))
        (local.set $tail (call $tail (local.get $at)))
        (if (i32.lt_s (local.get $tail) (i32.const 0))
          (then
            (i32.store8 (i32.add (global.get $page) (local.get $at)) (i32.const 63))
            (local.set $tail (i32.const 0))))
        (local.set $at (i32.add (i32.add (local.get $at) (local.get $tail)) (i32.const 1)))
        (br $next))))

  ;; How many bytes follow the lead byte there; -1 where the sequence is not well formed.
  (func $tail (param $at i32) (result i32)
    (local $lead i32) (local $tail i32) (local $low i32) (local $high i32) (local $i i32)
    (local.set $lead (i32.load8_u (i32.add (global.get $page) (local.get $at))))
    (if (i32.lt_u (local.get $lead) (i32.const 0x80)) (then (return (i32.const 0))))
    (if (i32.or (i32.lt_u (local.get $lead) (i32.const 0xc2)) (i32.gt_u (local.get $lead) (i32.const 0xf4)))
      (then (return (i32.const -1))))
    (local.set $tail
      (i32.add (i32.const 1)
        (i32.add (i32.ge_u (local.get $lead) (i32.const 0xe0)) (i32.ge_u (local.get $lead) (i32.const 0xf0)))))
    (if (i32.ge_u (i32.add (local.get $at) (local.get $tail)) (global.get $length)) (then (return (i32.const -1))))
    ;; The second byte has narrower bounds after some lead bytes: no overlong forms, no surrogates, nothing past U+10FFFF.
    (local.set $low (i32.const 0x80))
    (local.set $high (i32.const 0xbf))
    (if (i32.eq (local.get $lead) (i32.const 0xe0)) (then (local.set $low (i32.const 0xa0))))
    (if (i32.eq (local.get $lead) (i32.const 0xed)) (then (local.set $high (i32.const 0x9f))))
    (if (i32.eq (local.get $lead) (i32.const 0xf0)) (then (local.set $low (i32.const 0x90))))
    (if (i32.eq (local.get $lead) (i32.const 0xf4)) (then (local.set $high (i32.const 0x8f))))
    (block $malformed
      (loop $next
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (if (i32.gt_u (local.get $i) (local.get $tail)) (then (return (local.get $tail))))
        (local.set $lead (i32.load8_u (i32.add (global.get $page) (i32.add (local.get $at) (local.get $i)))))
        (br_if $malformed (i32.lt_u (local.get $lead) (local.get $low)))
        (br_if $malformed (i32.gt_u (local.get $lead) (local.get $high)))
        (local.set $low (i32.const 0x80))
        (local.set $high (i32.const 0xbf))
        (br $next)))
    (i32.const -1))

  ;; The deadline of a subscription on `slept`'s scale; the farthest for one that is no clock.
  (func $deadline (param $subscription i32) (result i64)
    (if (i32.load8_u offset=8 (local.get $subscription)) (then (return (i64.const 0x7fffffffffffffff))))
    (if (result i64) (i32.and (i32.load16_u offset=40 (local.get $subscription)) (i32.const 1))
      (then (i64.sub (i64.load offset=24 (local.get $subscription)) (call $start)))
      (else (i64.add (i64.load offset=24 (local.get $subscription)) (global.get $slept)))))

  ;; Sleeps to the nearest deadline, at once. A file never becomes ready: its event is an error.
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $count i32) (param $events i32) (result i32)
    (local $i i32) (local $at i32) (local $nearest i64) (local $fired i32) (local $is_file i32)
    (local.set $nearest (i64.const 0x7fffffffffffffff))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
        (local.set $at (i32.add (local.get $in) (i32.mul (local.get $i) (i32.const 48))))
        (if (i64.lt_s (call $deadline (local.get $at)) (local.get $nearest))
          (then (local.set $nearest (call $deadline (local.get $at)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.set $i (i32.const 0))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
        (local.set $at (i32.add (local.get $in) (i32.mul (local.get $i) (i32.const 48))))
        (local.set $is_file (i32.ne (i32.load8_u offset=8 (local.get $at)) (i32.const 0)))
        (if (i32.or (local.get $is_file) (i64.le_s (call $deadline (local.get $at)) (local.get $nearest)))
          (then
            (i64.store (local.get $out) (i64.load (local.get $at)))
            (i64.store offset=8 (local.get $out) (i64.const 0))
            (i64.store offset=16 (local.get $out) (i64.const 0))
            (i64.store offset=24 (local.get $out) (i64.const 0))
            (i32.store16 offset=8 (local.get $out) (select (i32.const 8) (i32.const 0) (local.get $is_file)))
            (i32.store8 offset=10 (local.get $out) (i32.load8_u offset=8 (local.get $at)))
            (local.set $out (i32.add (local.get $out) (i32.const 32)))
            (local.set $fired (i32.add (local.get $fired) (i32.const 1)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (if (i32.and
          (i64.ne (local.get $nearest) (i64.const 0x7fffffffffffffff))
          (i64.gt_s (local.get $nearest) (global.get $slept)))
      (then (global.set $slept (local.get $nearest))))
    (i32.store (local.get $events) (local.get $fired))
    (i32.const 0)))
