"""The upload folder: workbooks that are dropped into it are run one after the other and moved to where they belong.

What happens to one workbook, and what a death after each step leaves behind:

    1. claimed   the data folder has it on record, then a hidden file beside it says who has it. Nothing was sent: the
                 next pass on this computer goes on
    2. named     it takes a name that is free wherever it may go. Under either name it is still in the folder
    3. run       the ledger knows what was sent. The next pass runs it again: only what was never sent is sent
    4. noted     the record says what goes where. The next pass moves it without another run
    5. moved     results and corrections first, the workbook last. The next pass moves what is left
    6. told      the ledger learns the new path. The next pass tells it
    7. released  the claim is removed, then the record

A claim belongs to a ledger, for only that ledger knows what was sent: another one never takes it over. It lies where
anybody may write, and so it can only keep a workbook from being run: what is done stands in the record alone. Whoever
writes into the folder can delay a run or delete its files; nothing is sent, moved or opened because of what he wrote.
"""
