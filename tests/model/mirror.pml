/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */

/*
 * M1: pinless_mirror_get() and pinless_mirror_put() of kernel/mm/mirror.c, by
 * regions of one process that come and go at the same time. There is one
 * mirror, it is not used when it is freed, and none is left in the end.
 *
 *   -DBREAK_TWICE   adds without looking once more under the mutex
 *   -DBREAK_ZERO    drops the last reference without the mutex
 */
#define NONE	15
#define REGIONS	3

bool mutex;
byte table = NONE;	/* the mirror in the hash table */
byte mirrors;		/* that regions may get */
bool live[REGIONS];
byte refs[REGIONS];

/* mirror_find(), under the mutex */
inline find()
{
	d_step {
		m = table;
		if
		:: m != NONE ->
			assert(live[m] && refs[m] > 0);
			refs[m]++
		:: else
		fi
	}
}

inline lock()	{ atomic { !mutex -> mutex = true } }
inline unlock()	{ mutex = false }

/* Region number me; a mirror that it makes has the same number. */
proctype region(byte me)
{
	byte m = NONE;
	bool last = false;

	lock();
	find();
	unlock();
	if
	:: m == NONE ->
		d_step { live[me] = true; refs[me] = 1 };
		lock();
#ifndef BREAK_TWICE
		find();
#endif
		d_step {
			if
			:: m == NONE -> table = me; mirrors++; m = me
			:: else -> refs[me] = 0; live[me] = false
			fi
		};
		assert(mirrors == 1);
		unlock()
	:: else
	fi;

	/* The region is used. */
	assert(live[m] && table == m);

#ifdef BREAK_ZERO
	d_step { refs[m]--; last = (refs[m] == 0) };
	if
	:: !last -> goto end
	:: else -> lock()
	fi;
#else
	/* refcount_dec_and_mutex_lock() */
	atomic {
		if
		:: refs[m] > 1 -> refs[m]--; goto end
		:: else
		fi
	};
	lock();
	d_step {
		refs[m]--;
		if
		:: refs[m] > 0 -> mutex = false
		:: else -> last = true
		fi
	};
	if
	:: !last -> goto end
	:: else
	fi;
#endif
	d_step { table = NONE; mirrors-- };
	unlock();
	d_step { assert(live[m] && refs[m] == 0); live[m] = false };
end:
	skip
}

init {
	byte n = 0;

	atomic {
		do
		:: n < REGIONS -> run region(n); n++
		:: else -> break
		od
	};
	_nr_pr == 1;
	d_step {
		assert(table == NONE && mirrors == 0);
		n = 0;
		do
		:: n < REGIONS -> assert(!live[n]); n++
		:: else -> break
		od
	}
}
