#include "CCommit.h"

#ifndef PORTCULLIS_COMMIT
#define PORTCULLIS_COMMIT ""
#endif

const char *portcullis_commit(void) { return PORTCULLIS_COMMIT; }
