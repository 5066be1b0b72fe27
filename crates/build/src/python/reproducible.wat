;; A library that componentize-py links into the plugin, so that two builds of the same modules give the same bytes.
;;
;; componentize-py runs the interpreter once, imports the plugin, and stores the memory as it is then. The host's clock, its random numbers
;; and the times of its files are in that memory: in objects, in the unused ends of what was allocated, in what was freed, and on the
;; stack. Neither options nor the environment of componentize-py reach the interpreter, but a library's constructor runs before it:
;;
;; - The constructor sets the seed of the interpreter's hashes (PYTHONHASHSEED), keeps it from writing compiled modules
;;   (PYTHONDONTWRITEBYTECODE), sets the word that guards stacks, and gives the interpreter an allocator that fills with zeros what it
;;   hands out and what it takes back.
;; - `PyInit_postlude_reproducible`, which `postlude/_reproducible.py` calls when every module is imported, gives the interpreter its own
;;   allocator back, and clears the stack, the free memory, the state of mimalloc's random numbers (linked in, and not used), and the two
;;   times of the start. Plugins run with the interpreter as it was made.
;;
;; It fits componentize-py 0.25.1: the two offsets below are those of its libraries. Where they do not fit nothing is written there.
(module
  (@dylink.0 (mem-info (memory 192 4) (table 4 0)) (needed "libc.so" "libpython3.14.so"))
  (import "env" "memory" (memory 0))
  (import "env" "__indirect_function_table" (table 0 funcref))
  (import "env" "__memory_base" (global $base i32))
  (import "env" "__table_base" (global $table i32))
  (import "env" "__stack_pointer" (global $stack (mut i32)))
  (import "GOT.mem" "__heap_base" (global $heap (mut i32)))
  (import "GOT.mem" "__stack_chk_guard" (global $guard (mut i32)))
  (import "GOT.mem" "PyFloat_Type" (global $python (mut i32)))
  (import "GOT.mem" "PyExc_ImportError" (global $import_error (mut i32)))
  (import "env" "setenv" (func $setenv (param i32 i32 i32) (result i32)))
  (import "env" "malloc" (func $malloc (param i32) (result i32)))
  (import "env" "free" (func $free (param i32)))
  (import "env" "malloc_usable_size" (func $usable_size (param i32) (result i32)))
  (import "env" "PyMem_GetAllocator" (func $get_allocator (param i32 i32)))
  (import "env" "PyMem_SetAllocator" (func $set_allocator (param i32 i32)))
  (import "env" "PyErr_SetNone" (func $raise (param i32)))

  (elem (global.get $table) func $allocate $allocate_array $reallocate $release)
  ;; The build program of the SDK writes the seed over these ten zeros.
  (data (global.get $base) "PYTHONHASHSEED\000000000000\00PYTHONDONTWRITEBYTECODE\001\00")
  ;; In the same memory: at 64 the interpreter's allocators of its three domains, 20 bytes each; at 128 the one of this library.

  (func (export "__wasm_call_ctors") (local $ours i32) (local $domain i32)
    (call $set_variable (i32.const 0) (i32.const 15))
    (call $set_variable (i32.const 26) (i32.const 50))
    ;; As such words are chosen: no text that is copied too far can have all four bytes.
    (i32.store (global.get $guard) (i32.const 0xff0a0d00))
    (call $clear_stack)
    (local.set $ours (i32.add (global.get $base) (i32.const 128)))
    (i32.store offset=4 (local.get $ours) (global.get $table))
    (i32.store offset=8 (local.get $ours) (i32.add (global.get $table) (i32.const 1)))
    (i32.store offset=12 (local.get $ours) (i32.add (global.get $table) (i32.const 2)))
    (i32.store offset=16 (local.get $ours) (i32.add (global.get $table) (i32.const 3)))
    (loop $each
      (call $get_allocator (local.get $domain) (call $saved (local.get $domain)))
      (call $set_allocator (local.get $domain) (local.get $ours))
      (br_if $each (i32.lt_u (local.tee $domain (i32.add (local.get $domain) (i32.const 1))) (i32.const 3)))))

  ;; Always an ImportError without a message: there is no module to import, only this to be done.
  (func (export "PyInit_postlude_reproducible") (result i32) (local $domain i32)
    (call $raise (i32.load (global.get $import_error)))
    (loop $each
      (call $set_allocator (local.get $domain) (call $saved (local.get $domain)))
      (br_if $each (i32.lt_u (local.tee $domain (i32.add (local.get $domain) (i32.const 1))) (i32.const 3))))
    (call $clear_stack)
    (call $clear_free_memory)
    (call $clear_mimalloc_random)
    (call $clear_start_times)
    (i32.const 0))

  (func $set_variable (param $name i32) (param $value i32)
    (drop (call $setenv
      (i32.add (global.get $base) (local.get $name)) (i32.add (global.get $base) (local.get $value)) (i32.const 1))))

  (func $saved (param $domain i32) (result i32)
    (i32.add (i32.add (global.get $base) (i32.const 64)) (i32.mul (local.get $domain) (i32.const 20))))

  ;; The allocator. Its functions have the types of CPython's PyMemAllocatorEx; an allocation of no bytes has one, as there.
  (func $allocate (param $context i32) (param $size i32) (result i32) (local $at i32)
    (local.set $at (call $malloc (select (local.get $size) (i32.const 1) (local.get $size))))
    (if (local.get $at)
      (then (memory.fill (local.get $at) (i32.const 0) (call $usable_size (local.get $at)))))
    (local.get $at))

  ;; CPython has checked that the product is a size.
  (func $allocate_array (param $context i32) (param $count i32) (param $size i32) (result i32)
    (call $allocate (local.get $context) (i32.mul (local.get $count) (local.get $size))))

  (func $reallocate (param $context i32) (param $old i32) (param $size i32) (result i32) (local $new i32) (local $had i32)
    (local.set $new (call $allocate (local.get $context) (local.get $size)))
    (if (i32.and (i32.ne (local.get $old) (i32.const 0)) (i32.ne (local.get $new) (i32.const 0)))
      (then
        (local.set $had (call $usable_size (local.get $old)))
        (memory.copy (local.get $new) (local.get $old)
          (select (local.get $had) (local.get $size) (i32.lt_u (local.get $had) (local.get $size))))
        (call $release (local.get $context) (local.get $old))))
    (local.get $new))

  (func $release (param $context i32) (param $at i32)
    (if (local.get $at)
      (then
        (memory.fill (local.get $at) (i32.const 0) (call $usable_size (local.get $at)))
        (call $free (local.get $at)))))

  ;; The stack begins at the bottom of the memory and grows down: what is below the pointer belongs to no function that still runs.
  (func $clear_stack
    (memory.fill (i32.const 16) (i32.const 0) (i32.sub (global.get $stack) (i32.const 16))))

  ;; wasi-libc's allocator is dlmalloc: the heap is a row of chunks. A chunk's second word is its size with three flags, of which the
  ;; second says that it is in use. A free chunk keeps its neighbours in a list in its first words; the rest is left from earlier.
  (func $clear_free_memory (local $chunk i32) (local $head i32) (local $size i32) (local $kept i32) (local $end i32)
    (local.set $end (i32.shl (memory.size) (i32.const 16)))
    (local.set $chunk (i32.sub (i32.and (i32.add (global.get $heap) (i32.const 23)) (i32.const -16)) (i32.const 8)))
    (loop $each
      (if (i32.gt_u (local.get $chunk) (i32.sub (local.get $end) (i32.const 32))) (then (return)))
      (local.set $head (i32.load offset=4 (local.get $chunk)))
      (local.set $size (i32.and (local.get $head) (i32.const -8)))
      (if (i32.lt_u (local.get $size) (i32.const 16)) (then (return)))
      (if (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $chunk))) (then (return)))
      (if (i32.eqz (i32.and (local.get $head) (i32.const 2)))
        (then
          (local.set $kept (i32.const 8))
          (if (call $is_listed (local.get $chunk) (local.get $end))
            (then (local.set $kept
              (select (i32.const 32) (i32.const 16) (i32.ge_u (local.get $size) (i32.const 256))))))
          (memory.fill (i32.add (local.get $chunk) (local.get $kept)) (i32.const 0)
            (i32.sub (local.get $size) (local.get $kept)))))
      (local.set $chunk (i32.add (local.get $chunk) (local.get $size)))
      (br $each)))

  ;; Whether the two chunks that a free one names name it as well. The rest of the heap and the last remainder are in no list.
  (func $is_listed (param $chunk i32) (param $end i32) (result i32) (local $next i32) (local $last i32)
    (local.set $next (i32.load offset=8 (local.get $chunk)))
    (local.set $last (i32.load offset=12 (local.get $chunk)))
    (if (i32.gt_u (local.get $next) (i32.sub (local.get $end) (i32.const 16))) (then (return (i32.const 0))))
    (if (i32.gt_u (local.get $last) (i32.sub (local.get $end) (i32.const 16))) (then (return (i32.const 0))))
    (i32.and
      (i32.eq (i32.load offset=12 (local.get $next)) (local.get $chunk))
      (i32.eq (i32.load offset=8 (local.get $last)) (local.get $chunk))))

  ;; mimalloc draws random numbers at the start, by ChaCha20, whose state begins with a text that every implementation has:
  ;; "expand 32-byte k", then key and counter (48 bytes) and output (64 bytes). The three words before are a cookie and two keys.
  (func $clear_mimalloc_random (local $at i32)
    (local.set $at (global.get $python))
    (loop $each
      (if (i32.and
            (i64.eq (i64.load (local.get $at)) (i64.const 0x3320646e61707865))
            (i64.eq (i64.load offset=8 (local.get $at)) (i64.const 0x6b20657479622d32)))
        (then
          (memory.fill (i32.sub (local.get $at) (i32.const 12)) (i32.const 0) (i32.const 12))
          (memory.fill (i32.add (local.get $at) (i32.const 16)) (i32.const 0) (i32.const 112))
          (return)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $each (i32.lt_u (local.get $at) (i32.add (global.get $python) (i32.const 0x10000))))))

  ;; mimalloc keeps the milliseconds of the monotonic clock at the start, and wasi-libc's process clock the same as seconds and nanoseconds. That
  ;; both say the same, within a second, shows that they are where they are expected.
  (func $clear_start_times (local $milliseconds i32) (local $timespec i32) (local $apart i64)
    (local.set $milliseconds (i32.add (global.get $python) (i32.const 0x881dc)))
    (local.set $timespec (i32.add (global.get $guard) (i32.const 0x13ac)))
    (local.set $apart
      (i64.sub (i64.load (local.get $milliseconds))
        (i64.add
          (i64.mul (i64.load (local.get $timespec)) (i64.const 1000))
          (i64.div_u (i64.load32_u offset=8 (local.get $timespec)) (i64.const 1_000_000)))))
    (if (i64.lt_u (i64.add (local.get $apart) (i64.const 1000)) (i64.const 2000))
      (then
        (i64.store (local.get $milliseconds) (i64.const 0))
        (i64.store (local.get $timespec) (i64.const 0))
        (i32.store offset=8 (local.get $timespec) (i32.const 0))))))
