/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */

/*
 * A copy between two leaves: lock_sides() of kernel/mm/access.c, against
 * invalidations. The kernel's reader/writer lock is fair: a reader waits behind
 * a waiting writer. -DBREAK_NESTED takes the second lock without trylock, so
 * that two copies in opposite directions and two invalidations deadlock.
 */
byte readers[2];
bool writer[2];
byte waiting[2];	/* writers */

inline read_lock(l)
{
	atomic { !writer[l] && waiting[l] == 0 -> readers[l]++ }
}

inline read_trylock(l)
{
	atomic {
		if
		:: !writer[l] && waiting[l] == 0 -> readers[l]++; got = true
		:: else -> got = false
		fi
	}
}

proctype copy(byte a; byte b)
{
	bool got = false;
	byte t;

	do
	:: true ->
		read_lock(a);
#ifdef BREAK_NESTED
		read_lock(b);
		break;
#else
		read_trylock(b);
		if
		:: got -> break
		:: else ->
			readers[a]--;
			d_step { t = a; a = b; b = t; t = 0 }
		fi
#endif
	od;
	assert(!writer[0] && !writer[1]);
	readers[a]--;
	readers[b]--
}

proctype invalidate(byte l)
{
	waiting[l]++;
	atomic {
		!writer[l] && readers[l] == 0 ->
		writer[l] = true;
		waiting[l]--
	};
	assert(readers[l] == 0);
	writer[l] = false
}

init {
	atomic {
		run copy(0, 1);
		run copy(1, 0);
		run invalidate(0);
		run invalidate(1)
	}
}
