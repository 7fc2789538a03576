package frames

import "nearcall.example/frames/framesv1"

// Tier is a way that frames come.
type Tier int

const (
	// Unattached: no way, at the moment.
	Unattached Tier = iota
	// Broker passes the region and a return page over a Unix socket; frames are read in place with no call at all.
	Broker
	// Proc opens the region through `/proc`; references come on a stream, and the server holds the frames.
	Proc
	// Inline brings the bytes on a stream.
	Inline
)

func (tier Tier) String() string {
	return [...]string{"unattached", "broker", "proc", "inline"}[tier]
}

func (tier Tier) wire() framesv1.Tier {
	return framesv1.Tier(tier)
}

func readTier(tier framesv1.Tier) Tier {
	if tier < framesv1.Tier_TIER_BROKER || tier > framesv1.Tier_TIER_INLINE {
		return Unattached
	}
	return Tier(tier)
}
