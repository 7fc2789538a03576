#!/bin/sh
# Dial, call, handle an error, a deadline, streams, metadata; with the nearcall command. Usage: hello.sh unix:/path
set -eu
address=$1

call() {
    nearcall call --at "$address" "$@"
}

# The value of a field, of each message that comes in.
field() {
    sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p"
}

# What comes in, on one line.
spaced() {
    paste -s -d ' ' -
}

product=$(call arith.v1.Arith/Multiply '{"a":17,"b":8}' | field product)
echo "17 x 8 = $product"

answer=$(call arith.v1.Arith/Divide '{"a":17,"b":8}')
echo "17 / 8 = $(echo "$answer" | field quotient), remainder $(echo "$answer" | field remainder)"

# An error names the field that was wrong, for programs (--json) as well as people; both go to standard error.
if error=$(call arith.v1.Arith/Divide '{"a":1,"b":0}' 2>&1); then
    echo 'expected a refusal, found an answer' >&2
    exit 1
fi
echo "1 / 0: $error"

# A deadline that passes before the fourth of ten numbers; the exit status is the number of the status code.
status=0
numbers=$(call --deadline 1250ms arith.v1.Arith/Count '{"first":1,"count":10,"interval_ms":500}' 2>/dev/null) || status=$?
echo "$numbers" | field number | sed 's/^/counted /'
[ "$status" -ne 4 ] || echo 'stopped counting: DEADLINE_EXCEEDED'

# A stream of answers, one in each direction, and one of requests.
echo "counted on: $(call arith.v1.Arith/Count '{"first":5,"count":4}' | field number | spaced)"

messages() {
    seq "$1" | sed 's/.*/{"number":&}/'
}
echo "totals: $(messages 3 | call arith.v1.Arith/RunningTotal - | field total | spaced)"

answer=$(messages 100 | call arith.v1.Arith/Sum -)
echo "sum: $(echo "$answer" | field sum) of $(echo "$answer" | field count) numbers"

# What goes along beside the messages, there and back; -v shows what was received behind a `<`.
received=$(call -v -H 'arith-tag: hello' arith.v1.Arith/Multiply '{"a":1,"b":1}' 2>&1 >/dev/null)
for name in arith-version arith-tag; do
    echo "$received" | sed -n "s/^< \($name: .*\)/\1/p"
done

# Where nobody listens a call fails at once; 69 is EX_UNAVAILABLE of sysexits.h.
status=0
nearcall call --at "$address-nobody" arith.v1.Arith/Multiply '{"a":17,"b":8}' 2>/dev/null || status=$?
[ "$status" -ne 69 ] || echo 'nobody there: UNAVAILABLE'
