package frames

import (
	"time"

	"nearcall.example/frames/framesv1"
)

// Policy is which frames come, and what becomes of the writer when a reader lags.
type Policy interface{ wire() *framesv1.Policy }

// Latest is the newest frame, whatever came between; it costs the writer nothing.
type Latest struct{}

// DropOldest is every frame in turn, at most Depth behind, then a gap. Depth is 1 to the channel's history and one.
type DropOldest struct{ Depth uint32 }

// Block is every frame in turn. The writer waits for MaxWait at most, 10 s at most.
type Block struct {
	MaxWait time.Duration
	Then    Then
}

// Sample is the newest frame, at most so many times in a second, 1 to 1,000.
type Sample struct{ Hz uint32 }

// Then is what a writer does when it has waited for as long as it may.
type Then int

const (
	// DropNew drops the new frame, for all.
	DropNew Then = iota + 1
	// Demote lets the subscription hold up nobody any more.
	Demote
	// Evict ends it.
	Evict
)

func (Latest) wire() *framesv1.Policy {
	return &framesv1.Policy{Kind: &framesv1.Policy_Latest{Latest: &framesv1.Latest{}}}
}

func (policy DropOldest) wire() *framesv1.Policy {
	kind := &framesv1.DropOldest{Depth: policy.Depth}
	return &framesv1.Policy{Kind: &framesv1.Policy_DropOldest{DropOldest: kind}}
}

func (policy Block) wire() *framesv1.Policy {
	kind := &framesv1.Block{MaxWaitMs: uint32(policy.MaxWait.Milliseconds()), Then: framesv1.Then(policy.Then)}
	return &framesv1.Policy{Kind: &framesv1.Policy_Block{Block: kind}}
}

func (policy Sample) wire() *framesv1.Policy {
	return &framesv1.Policy{Kind: &framesv1.Policy_Sample{Sample: &framesv1.Sample{Hz: policy.Hz}}}
}

func readPolicy(policy *framesv1.Policy) Policy {
	switch kind := policy.GetKind().(type) {
	case nil, *framesv1.Policy_Latest:
		return Latest{}
	case *framesv1.Policy_DropOldest:
		return DropOldest{kind.DropOldest.Depth}
	case *framesv1.Policy_Block:
		return Block{time.Duration(kind.Block.MaxWaitMs) * time.Millisecond, Then(kind.Block.Then)}
	case *framesv1.Policy_Sample:
		return Sample{kind.Sample.Hz}
	}
	return nil
}
