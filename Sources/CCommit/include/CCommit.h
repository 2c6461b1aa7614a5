#ifndef PORTCULLIS_COMMIT_H
#define PORTCULLIS_COMMIT_H

/// The commit that the program was built from; empty: the build was told none.
const char *portcullis_commit(void);

#endif
