/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */

/*
 * How HMM counted invalidations in 2019, before and after "mm/hmm: Fix error
 * flows in hmm_invalidate_range_start" (Jason Gunthorpe, 7 June 2019).
 *
 * An invalidation raises a count when it begins and lowers it when it ends; a
 * fault waits until its range is valid, which it is when the count falls to 0.
 * A non-blockable invalidation that cannot take the lock of the mirrors is
 * refused, and a refused one is never ended.
 *
 *   -DBEFORE   the code before the patch: the refused one leaves the count
 *              raised (deadlock of the fault)
 *   -DDRIVER_REFUSES  the driver itself refuses a non-blockable invalidation:
 *              before the patch the answer is lost, and the pages are freed
 *              while the device uses them (assertion)
 */
byte notifiers;		/* hmm->notifiers, under ranges_lock */
bool valid;		/* range->valid */
bool registered;	/* the range is in hmm->ranges */
bool sem_write;		/* hmm->mirrors_sem */
byte sem_read;
bool device = true;	/* the device uses the pages */

/* hmm_invalidate_range_end(), and the error flow since the patch. */
inline decrement()
{
	d_step {
		assert(notifiers > 0);
		notifiers--;
		if
		:: notifiers == 0 && registered -> valid = true
		:: else
		fi
	}
}

proctype invalidate(bool blockable)
{
	bool refused = false;

	/*
	 * ranges_lock. It was a mutex, and tried, before the patch; that refusal
	 * came before the count and did no harm.
	 */
	d_step {
		notifiers++;
		valid = false;
	}
	if
	:: blockable -> atomic { !sem_write -> sem_read++ }
	:: !blockable ->
		atomic {
			if
			:: !sem_write -> sem_read++
			:: else -> refused = true
			fi
		}
	fi;
	if
	:: !refused ->
		/* sync_cpu_device_pagetables() */
		if
#ifdef DRIVER_REFUSES
		:: !blockable ->
#ifndef BEFORE
			refused = true
#else
			skip	/* "int ret" hid the outer ret */
#endif
#endif
		:: d_step { else -> device = false }
		fi;
		sem_read--
	:: else
	fi;
	if
	:: refused ->
#ifndef BEFORE
		decrement();
#endif
		goto out	/* -EAGAIN: the caller does not call the end */
	:: else
	fi;
	/* The caller frees the pages. */
	assert(!device);
	decrement();
out:
	skip
}

/* hmm_mirror_register() of another driver */
proctype mirror_register()
{
	atomic { !sem_write && sem_read == 0 -> sem_write = true };
	sem_write = false
}

/* hmm_range_register(), hmm_range_wait_until_valid() */
proctype fault()
{
	d_step {
		registered = true;
		if
		:: notifiers == 0 -> valid = true
		:: else -> valid = false
		fi
	};
	valid
}

init {
	atomic {
		run invalidate(true);
		run invalidate(false);
		run mirror_register();
		run fault();
	}
}
