"""The upload folder: bulkops runs the workbooks in it one after the other and moves each to its outcome's folder.

One workbook goes through seven steps. If bulkops dies after a step, the next pass on this computer goes on from there:

    1. claimed   a record in the data folder, then a hidden file beside the workbook that says who has it. Nothing was
                 sent yet
    2. named     it gets a name that is free in every folder it may go to. It still lies in the upload folder
    3. run       the ledger knows what was sent. The next pass runs it again, which sends only what was never sent
    4. planned   the record says what goes where. The next pass moves it without another run
    5. moved     results and corrections first, the workbook last. The next pass moves the rest
    6. recorded  the ledger knows the new path. The next pass records it
    7. released  the claim is removed, then the record

A claim belongs to one ledger, for only that ledger knows what was sent; no other ledger takes it over. Anybody may
write where a claim lies, so all it can do is keep a workbook from being run: bulkops acts on the record alone. Whoever
writes into the folder can delay a run or delete its files, but cannot make bulkops send, move or open anything.
"""
